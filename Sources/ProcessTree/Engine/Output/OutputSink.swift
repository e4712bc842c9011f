/// The destination of the children's output: the root's own streams, or a node's parent.
protocol OutputSink: AnyObject {
  /// Whether the sink has room; otherwise the children's pipes are not read.
  var hasRoom: Bool { get }

  /// Accepts a chunk even without room, because the output of a dead child cannot wait.
  func write(_ chunk: OutputChunk)

  /// Checks, at the end of a turn, whether there is room again.
  func recheck()

  /// The loop calls this when there is room again.
  var onRoom: (() -> Void)? { get set }
}
