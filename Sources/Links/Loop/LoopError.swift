internal import Glibc

/// The failure of a system call of the event loop.
package struct LoopError: Error, CustomStringConvertible {
  package let call: String
  package let errno: Int32

  package var description: String { "\(call) failed: \(String(cString: strerror(errno)))" }

  /// Ends the process, because its loop has lost an essential descriptor.
  ///
  /// Without it no task is ever woken, neither to report this nor to stop.
  func endProcess() -> Never {
    let line =
      "process-tree: \(self): other code in this process has closed the event loop's descriptors; "
      + "close only your own\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    abort()
  }
}
