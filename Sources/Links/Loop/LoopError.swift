internal import Glibc

/// A system call of the event loop failed.
package struct LoopError: Error, CustomStringConvertible {
  /// The name of the call.
  package let call: String
  /// What it left in `errno`.
  package let errno: Int32

  package var description: String { "\(call) failed: \(String(cString: strerror(errno)))" }
}
