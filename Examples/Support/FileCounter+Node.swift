import ProcessTree

extension FileCounter {
  /// Counts on behalf of a node: reports on its standard error what it cannot read, reports
  /// progress, and stops when the node is asked to.
  convenience init(for node: Node) {
    self.init(
      mustStop: { node.stopRequest != nil },
      complain: { path, failure in complainOfFile("tally", path, failure) })
    progress = { files in node.report("files: counted", completed: files) }
  }
}
