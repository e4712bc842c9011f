/// Tasks that wait on the loop for something to change; they look again when they are woken.
///
/// Belongs to the loop.
final class LoopCondition {
  private var waiters: [UnsafeContinuation<Void, Never>] = []

  /// Suspends until somebody says that something has changed.
  func wait() async {
    await withUnsafeContinuation { waiters.append($0) }
  }

  /// Wakes all who wait now.
  func wakeAll() {
    let woken = waiters
    waiters = []
    for waiter in woken { waiter.resume() }
  }
}
