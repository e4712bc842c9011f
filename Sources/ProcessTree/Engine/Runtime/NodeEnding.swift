/// What the end of a node needs beside its life.
struct NodeEnding {
  /// The fault in the books of a channel, if there is one.
  var unbalanced: String?
  /// Called when the loop has nothing more to do.
  var onFinished: (() -> Void)?
  /// Ends the program's task.
  var cancelProgram: (() -> Void)?
}
