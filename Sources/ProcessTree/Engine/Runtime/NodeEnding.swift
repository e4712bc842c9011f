/// What the end of a node needs beside its life.
struct NodeEnding {
  /// What is wrong with the books of a channel, if anything.
  var unbalanced: String?
  /// Called when the loop has nothing more to do.
  var onFinished: (() -> Void)?
  /// Ends the program's task.
  var cancelProgram: (() -> Void)?
}
