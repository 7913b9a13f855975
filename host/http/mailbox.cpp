// SPDX-License-Identifier: Apache-2.0
#include "http/mailbox.h"

#include <utility>

namespace authd::http {
namespace {

class Address final : public Ticket::Address {
 public:
  Address(std::shared_ptr<Mailbox> mailbox, ConnectionKey connection, std::uint64_t exchange)
      : mailbox_(std::move(mailbox)), connection_(connection), exchange_(exchange) {}

  void deliver(Continuation next) const override { mailbox_->post({connection_, exchange_, std::move(next)}); }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  ConnectionKey connection_;
  std::uint64_t exchange_;
};

} // namespace

// Only the first letter of a batch wakes. The wake-up is made under the lock, because the event loop that it
// touches goes away after close().
void Mailbox::post(Letter letter) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  letters_.push_back(std::move(letter));
  if (letters_.size() == 1) wake_();
}

void Mailbox::close() {
  std::vector<Letter> dropped; // destroyed without the lock: a letter may hold anything
  const std::lock_guard lock(mutex_);
  closed_ = true;
  letters_.swap(dropped);
}

void Mailbox::collect(std::vector<Letter>& letters) {
  letters.clear();
  const std::lock_guard lock(mutex_);
  letters_.swap(letters);
}

Ticket make_ticket(std::shared_ptr<Mailbox> mailbox, ConnectionKey connection, std::uint64_t exchange) {
  return Ticket(std::make_shared<Address>(std::move(mailbox), connection, exchange));
}

} // namespace authd::http
