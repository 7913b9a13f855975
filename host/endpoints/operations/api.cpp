// SPDX-License-Identifier: Apache-2.0
#include "endpoints/operations/api.h"

#include "endpoints/operations/api_answers.h"

namespace authd::endpoints::operations {

constinit const http::Operation kApiDocument{
    .path = "/",
    .id = "getApiDocument",
    .tag = kDocumentTag,
    .summary = "This document",
    .description = kDocumentDescription,
    .parameters = kDocumentParameters,
    .answers = kDocumentAnswers,
};

} // namespace authd::endpoints::operations
