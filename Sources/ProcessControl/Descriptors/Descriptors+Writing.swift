import Glibc
import ProcessTreeCProcessShims

extension Descriptors {
  /// Writes once, and returns the number of written bytes, 0 if it would block.
  ///
  /// A pipe without a reader throws `EPIPE`, and a file that may not grow throws `EFBIG`, without
  /// the signals SIGPIPE and SIGXFSZ.
  package static func writeQuietly(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer
  ) throws(ProcessControlError) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    let result = pt_write_quietly(descriptor, start, bytes.count)
    if result >= 0 { return result }
    if result == -Int(EAGAIN) { return 0 }
    throw .system("write", Int32(truncatingIfNeeded: -result))
  }

  /// Writes all bytes, waiting for any time, even if the descriptor does not block.
  package static func writeAllQuietly(
    _ descriptor: Int32, _ bytes: [UInt8]
  ) throws(ProcessControlError) {
    let failure = bytes.withUnsafeBytes { all -> ProcessControlError? in
      var offset = 0
      while offset < all.count {
        do throws(ProcessControlError) {
          let rest = UnsafeRawBufferPointer(rebasing: all[offset...])
          let count = try writeQuietly(descriptor, rest)
          offset += count
          guard count == 0 else { continue }
        } catch {
          return error
        }
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&wait, 1, -1)
      }
      return nil
    }
    if let failure { throw failure }
  }

  /// Whether a flush of the buffers might wait: one holds anything, or a thread is writing.
  package static var hasUnflushedOutput: Bool { pt_has_unflushed_output() != 0 }

  /// Flushes the C library's buffers; returns 0, or the `errno` of a failure, including an earlier
  /// one on standard output.
  package static func flushBuffers() -> Int32 { pt_flush_buffers() }
}
