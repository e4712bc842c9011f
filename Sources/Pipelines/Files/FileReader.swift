internal import Glibc

/// Reads files one after another, on a thread that may wait.
struct FileReader {
  private static let chunkSize = 64 << 10
  /// How long a read may wait until it looks whether it is still wanted.
  private static let patience: Int32 = 100

  private var paths: ArraySlice<String>
  private var file: OpenFile?

  init(_ paths: [String]) { self.paths = paths[...] }

  /// The file that is being read, or was last.
  private(set) var path = ""

  /// The next bytes; none at the end of a file, nil at the end of the last one.
  mutating func next() async throws -> [UInt8]? {
    if file == nil {
      guard let path = paths.popFirst() else { return nil }
      self.path = path
      file = try OpenFile(path)
    }
    guard let file else { return nil }
    let bytes = try await Self.read(file)
    if bytes.isEmpty { self.file = nil }
    return bytes
  }

  private static func read(_ file: OpenFile) async throws -> [UInt8] {
    let task = Task.detached { try read(file) { Task.isCancelled } }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  private static func read(_ file: OpenFile, _ isCancelled: () -> Bool) throws -> [UInt8] {
    while true {
      if isCancelled() { throw CancellationError() }
      var wait = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, patience) > 0 else { continue }
      var number: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: chunkSize) { space, count in
        let length = Glibc.read(file.descriptor, space.baseAddress, chunkSize)
        number = errno
        count = max(0, length)
        if length >= 0 { number = 0 }
      }
      guard number != 0 else { return bytes }
      guard number == EINTR || number == EAGAIN else { throw file.failure(.notRead, number) }
    }
  }
}

/// A file that is open for reading; closed with its last reference, unless it is the standard
/// input.
private final class OpenFile: Sendable {
  let path: String
  let descriptor: Int32

  init(_ path: String) throws(FileFailure) {
    self.path = path
    guard path != "-" else {
      descriptor = STDIN_FILENO
      return
    }
    descriptor = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(.notOpened, errno) }
  }

  deinit {
    if descriptor > STDIN_FILENO { close(descriptor) }
  }

  func failure(_ code: FileFailure.Code, _ number: Int32) -> FileFailure {
    FileFailure(code, path: path, String(cString: strerror(number)))
  }
}
