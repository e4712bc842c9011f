/// The output for which an overloaded disk left no room, by the file in which it is missing.
///
/// A value. The line that reports it has the number of the last piece in whose place it stands, so
/// each number is there once, and in its order.
struct LeftOutput {
  /// A line in the place of output, and the file that gets it.
  struct Loss {
    let output: RunOutput
    let file: Int
    /// How many bytes of that file's output are kept.
    let bytes: Int
  }

  private struct Missing {
    var count = 0
    var loss: Loss
  }

  private var files: [Int: Missing] = [:]

  mutating func note(_ output: RunOutput, of file: Int, keeping bytes: Int) {
    let count = (files[file]?.count ?? 0) + output.bytes.count
    files[file] = Missing(
      count: count, loss: Loss(output: output.loss(of: count), file: file, bytes: bytes))
  }

  /// The line for a file in which something is missing since the last one.
  mutating func take(of file: Int) -> RunOutput? { files.removeValue(forKey: file)?.loss.output }

  /// The lines for all files, in the order of their numbers.
  mutating func takeAll() -> [Loss] {
    defer { files = [:] }
    return files.values.map(\.loss).sorted { $0.output.number < $1.output.number }
  }
}
