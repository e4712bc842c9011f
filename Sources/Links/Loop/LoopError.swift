internal import Glibc

/// A system call of the event loop failed.
package struct LoopError: Error, CustomStringConvertible {
  /// The name of the call.
  package let call: String
  /// What it left in `errno`.
  package let errno: Int32

  package var description: String { "\(call) failed: \(String(cString: strerror(errno)))" }

  /// Ends the process, whose loop has lost a descriptor that it cannot do without.
  ///
  /// Without it nobody is woken any more: not to report this, and not to stop.
  func endProcess() -> Never {
    let line =
      "process-tree: \(self): other code in this process has closed the event loop's descriptors; "
      + "close none but your own\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    abort()
  }
}
