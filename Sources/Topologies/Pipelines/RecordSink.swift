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
  ///   - refusal: Why a file must not be written to, before its content goes; nil if it may.
  fileprivate init(
    _ path: String, appends: Bool, called name: String?, unless refusal: (FileNumber) -> String?
  ) throws {
    self.name = name ?? path
    descriptor = Glibc.open(
      path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (appends ? O_APPEND : 0), 0o666)
    guard descriptor >= 0 else { throw Self.refusal(self.name, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    if let reason = refusal(FileNumber(status)) {
      throw SystemRefusal(description: "\(self.name): \(reason)")
    }
    guard appends || ftruncate(descriptor, 0) == 0 else { throw Self.refusal(self.name, errno) }
  }

  /// A stream that is closed, which is an error as soon as something is written to it.
  init(closed name: String) {
    self.name = name
    descriptor = -1
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

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

/// Which file a path leads to, whatever it is called there.
private struct FileNumber: Hashable {
  let device: UInt64
  let number: UInt64

  init(_ status: stat) {
    (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }
}

/// The files of a pipeline, of which each is read, or written to at one place.
struct PipelineFiles {
  /// The paths of its source.
  private let inputs: [String]
  /// The files of these, once they have been looked at.
  private var known: Set<FileNumber>?
  private var outputs: Set<FileNumber> = []

  init(inputs: [String]) { self.inputs = inputs }

  /// Opens a file for writing that is no other one of the pipeline's, by another name or a link
  /// either.
  mutating func open(
    _ path: String, appends: Bool, called name: String? = nil
  ) throws -> RecordFile {
    let read = known ?? Set(inputs.compactMap { Self.number(of: $0) })
    known = read
    var written = outputs
    defer { outputs = written }
    return try RecordFile(path, appends: appends, called: name) { file in
      if read.contains(file) {
        return "the pipeline reads this file, so it cannot write to it; give its output another one"
      }
      guard written.insert(file).inserted else {
        return "the pipeline writes to this file at another place; give each a file of its own"
      }
      return nil
    }
  }

  private static func number(of path: String) -> FileNumber? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return FileNumber(status)
  }
}
