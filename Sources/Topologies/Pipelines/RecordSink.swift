internal import Glibc
internal import Pipelines
internal import ProcessTree

/// A file that records are written to; closed with its last reference.
final class RecordFile: Sendable {
  /// What it is called in messages.
  private let name: String
  private let descriptor: Int32

  /// Opens it for writing.
  ///
  /// - Parameters:
  ///   - path: The path.
  ///   - appends: Whether its content stays.
  ///   - name: What it is called in messages, if not by its path.
  init(_ path: String, appends: Bool, called name: String? = nil) throws {
    self.name = name ?? path
    descriptor = open(
      path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (appends ? O_APPEND : O_TRUNC), 0o666)
    guard descriptor >= 0 else { throw Self.refusal(self.name, errno) }
  }

  deinit { close(descriptor) }

  /// Writes all of it, on a thread that may wait.
  ///
  /// - Throws: `ReaderGone` for a pipe that nobody reads any more.
  func write(_ bytes: [UInt8], in node: Node) async throws {
    guard !bytes.isEmpty else { return }
    try await node.offload { [self] in try write(bytes) }
  }

  private func write(_ bytes: [UInt8]) throws {
    // The signals stay pending at the thread, which does nothing else than such work.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    sigaddset(&signals, SIGXFSZ)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EPIPE {
        throw ReaderGone()
      } else if errno == EAGAIN {
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&wait, 1, -1)
      } else if errno != EINTR {
        throw Self.refusal(name, errno)
      }
    }
  }

  private static func refusal(_ name: String, _ number: Int32) -> SystemRefusal {
    SystemRefusal(description: "\(name): \(String(cString: strerror(number)))")
  }
}

/// Nobody reads the output of a pipeline any more.
struct ReaderGone: Error, CustomStringConvertible {
  var description: String { "nobody reads the output any more" }

  /// The exit code of a node that ends because of it, as if the signal had ended it.
  static var exitCode: Int32 { 128 + SIGPIPE }
}
