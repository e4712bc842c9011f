import Glibc
import ProcessTree

extension FileCounter {
  /// Counts on behalf of a node: tells on its standard error what cannot be read, reports progress,
  /// and stops when the node is asked to.
  convenience init(for node: Node) {
    self.init(
      mustStop: { node.stopRequest != nil },
      complain: { path, failure in
        var line = Array("tally: \(visibleText(path)): \(failure)\n".utf8)
        // One call, so that the lines of two threads do not mix.
        _ = write(STDERR_FILENO, &line, line.count)
      })
    progress = { files in node.report("\(files) files") }
  }
}
