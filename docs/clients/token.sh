#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# curl with a token of authd: token.sh CURL-ARGUMENTS..., for example token.sh https://gateway.example.com/api/orders
# AUTHD_URL: where /tokens is, API_KEY: the consumer's key. The token is kept in AUTHD_TOKEN_FILE until 30 s before it
# expires, for this user only. If the API answers 401, it is fetched again, once. Exit code: curl's; 22: refused.
set -eu
: "${AUTHD_URL:?}" "${API_KEY:?}"
whose=$(printf '%s %s' "$AUTHD_URL" "$API_KEY" | sha256sum | cut -c 1-16) # another key is another consumer
file=${AUTHD_TOKEN_FILE:-${XDG_RUNTIME_DIR:-$HOME/.cache}/authd-token-$whose}

# The file has two lines: when to refresh, in seconds since 1970, and the token.
fetch() {
  asked=$(date +%s)
  # Through stdin, because other users can read the arguments of a process.
  answer=$(printf 'header = "apikey: %s"\n' "$API_KEY" | curl -sS --fail-with-body -K - "$AUTHD_URL/tokens") || {
    status=$?
    echo "no token: $answer" >&2
    exit "$status"
  }
  token=$(printf '%s' "$answer" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
  lifetime=$(printf '%s' "$answer" | sed -n 's/.*"expires_in":\([0-9]*\).*/\1/p')
  (umask 077 && mkdir -p "$(dirname "$file")" && printf '%s\n%s\n' "$((asked + lifetime - 30))" "$token" >"$file.$$")
  mv "$file.$$" "$file"
}

# Sets the token; fetches one unless that in the file is good for longer.
cached() {
  if [ -r "$file" ] && { read -r refresh_at && read -r token; } <"$file" && [ "$(date +%s)" -lt "$refresh_at" ]; then
    return
  fi
  fetch
}

# The body goes to a file first, so that the body of a 401 that is retried is not printed.
call() { # curl's arguments
  status=$(printf 'header = "Authorization: Bearer %s"\n' "$token" | curl -sS -K - -o "$body" -w '%{http_code}' "$@")
}

body=$(mktemp)
trap 'rm -f "$body"' EXIT
cached
call "$@"
if [ "$status" = 401 ]; then
  fetch
  call "$@"
fi
cat "$body"
[ "$status" -lt 400 ] || exit 22
