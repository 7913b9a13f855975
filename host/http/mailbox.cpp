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

// Only the first task of a batch wakes the reactor, under the lock, because its event loop is destroyed after close().
void Mailbox::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) wake_();
}

void Mailbox::close() {
  std::vector<Task> dropped; // destroyed after the lock is released: a continuation may own anything
  const std::lock_guard lock(mutex_);
  closed_ = true;
  tasks_.swap(dropped);
}

void Mailbox::collect(std::vector<Task>& tasks) {
  tasks.clear();
  const std::lock_guard lock(mutex_);
  tasks_.swap(tasks);
}

Ticket make_ticket(std::shared_ptr<Mailbox> mailbox, ConnectionKey connection, std::uint64_t exchange) {
  return Ticket(std::make_shared<Address>(std::move(mailbox), connection, exchange));
}

} // namespace authd::http
