internal import ProcessTreeBase
internal import ProcessTreeLinks

/// How much a task that never has to wait may do before others have their turn on the loop.
///
/// Without it, a task that reads what comes faster than it reads would keep the loop from its
/// descriptors, and so from every message and every request to stop. Belongs to the loop.
final class LoopBudget {
  private let loop: EventLoop
  private let limit: Int
  private var left: Int

  /// - Parameter limit: How many calls of the system count as one turn.
  init(of limit: Int, on loop: EventLoop) {
    self.limit = limit
    self.loop = loop
    left = limit
  }

  /// Notes that the task has waited, and others have had their turn.
  func renew() { left = limit }

  /// Notes one call of the system; suspends for a turn of the loop when that was one too many.
  ///
  /// A mere yield would not do: the loop runs many jobs before it looks at its descriptors.
  func spend() async {
    left -= 1
    guard left <= 0 else { return }
    left = limit
    let waiter = Waiter()
    loop.perform { waiter.resume() }
    await waiter.waitShielded()
  }
}
