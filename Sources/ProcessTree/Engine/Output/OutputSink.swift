/// Where a node's children's output goes: at the root to its own streams, elsewhere to the parent.
protocol OutputSink: AnyObject {
  /// Whether more is welcome; while it is not, children's pipes are not read, and they wait.
  var hasRoom: Bool { get }

  /// Takes a chunk, also without room: what a dead child left behind has to go somewhere.
  func write(_ chunk: OutputChunk)

  /// Looks again, at the end of a turn, whether there is room for those who were turned away.
  func recheck()

  /// Called, on the loop, when there is room again.
  var onRoom: (() -> Void)? { get set }
}
