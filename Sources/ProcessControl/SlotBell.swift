import Glibc
package import ProcessTreeBase

/// The signal for processes that wait for a slot of a `SlotFile` that one may be free: a named pipe
/// with a byte for each slot that was let go.
///
/// Only processes that wait have it open, so that nothing gathers in it otherwise. Such a process
/// opens it, looks for a free slot, and then waits for a byte: it finds a slot that was let go
/// before the look, and one that was let go later has a byte.
package struct SlotBell: Sendable {
  private let path: String

  package init(path: String) { self.path = path }

  /// Signals to those who wait that a slot was let go; a process that was killed is reaped before.
  package func ring() {
    // Fails where nobody has waited yet. Also for reading: a waiting process may close its end
    // before the byte is written, and a pipe without a reader raises SIGPIPE. What nobody else has
    // open is dropped with it.
    let opened = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
    guard let pipe = Descriptor(owning: opened) else { return }
    var byte: UInt8 = 0
    // A full pipe has enough of them.
    _ = write(pipe.number, &byte, 1)
  }

  /// A descriptor that is readable while there is a byte.
  package func listen() throws(ProcessControlError) -> Descriptor {
    if mkfifo(path, 0o600) != 0, errno != EEXIST { throw .system("mkfifo \(path)", errno) }
    // Also for writing: without a writer it would seem to be at its end.
    let opened = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
    guard let pipe = Descriptor(owning: opened) else { throw .last("open \(path)") }
    return pipe
  }

  /// Takes one byte, which obliges the process to look for a free slot; false if another process
  /// was faster.
  ///
  /// For a process that is killed before its look, the one that reaps it rings.
  package static func takeByte(_ descriptor: Int32) -> Bool {
    var byte: UInt8 = 0
    return read(descriptor, &byte, 1) == 1
  }
}
