/// Tasks that wait for something to change, and look again when they are woken.
///
/// Has no lock: it belongs to one thread, such as that of an event loop, or to somebody else's
/// lock.
package final class Condition {
  private var waiters: [Waiter] = []

  /// Makes a condition that nobody waits for.
  package init() {}

  /// Suspends until `wakeAll()` is called or the task is cancelled.
  package func wait() async {
    let waiter = Waiter()
    waiters.append(waiter)
    await waiter.wait()
  }

  /// Suspends until `wakeAll()` is called, even if the task is cancelled.
  package func waitShielded() async {
    let waiter = Waiter()
    waiters.append(waiter)
    await waiter.waitShielded()
  }

  /// Wakes all tasks that wait now.
  package func wakeAll() {
    let woken = waiters
    waiters = []
    for waiter in woken { waiter.resume() }
  }
}
