internal import Glibc
internal import ProcessTreeLinks

/// A child that is about to end.
///
/// Each of its descriptors that is watched wakes the loop as the kernel closes it, which holds up
/// the rest of the end. So only the end itself is watched; what the child has left is read then.
extension ChildController {
  /// How long the output of a child is not read that may be ending and then turns out to live.
  private static let pause: Duration = .milliseconds(50)

  /// Ends the child, which runs no more from now on.
  func kill() {
    guard let process, (try? process.send(SIGKILL)) != nil else { return }
    streams?.rest()
    tie?.rest()
  }

  /// The child has closed its tie, which is what the parent sees of an end first: most often its
  /// pipes are closed next.
  func awaitEnd(within time: Duration) {
    streams?.rest()
    tie?.arm(after: Self.pause) { [weak self] in
      self?.streams?.resume()
      self?.tie?.arm(after: time - Self.pause) { [weak self] in self?.tieStayedCut() }
    }
  }
}
