/// An instant behind a reference.
///
/// The size of an instant is the standard library's to change, so calls of the runtime move each
/// value that holds one. Items have this instead: few of them have a deadline, and the calls were a
/// tenth of the instructions of an item.
final class Moment: Sendable {
  let instant: SuspendingClock.Instant

  init(_ instant: SuspendingClock.Instant) { self.instant = instant }
}
