internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The bootstrap record on its way through the descriptor that a child inherits.
///
/// Four bytes of length, big-endian, then the record as MessagePack. Nothing secret is ever in
/// arguments or the environment; the environment of a re-exec'd child says only which descriptor.
enum Bootstrap {
  /// Where every child finds the record.
  static let descriptor: Int32 = 3

  private static let variable = "PROCESS_TREE_BOOTSTRAP"
  private static let largestRecord = 256 << 10
  /// A parent writes the record before the process exists; a silent one is no parent.
  private static let deadline: Duration = .seconds(10)

  /// The environment that makes the program a child when it is started anew.
  static func environment() -> [String] {
    var variables: [String] = []
    var next = environ
    while let text = next.pointee {
      variables.append(String(cString: text))
      next += 1
    }
    return variables + ["\(variable)=\(descriptor)"]
  }

  /// Whether this process was started anew as a child; its own children must not think so too.
  static func takeMark() -> Bool {
    guard getenv(variable) != nil else { return false }
    unsetenv(variable)
    return true
  }

  static func write(_ record: BootstrapRecord, to descriptor: Int32) throws {
    let body = try MessagePackEncoder().encode(record)
    let bytes = withUnsafeBytes(of: UInt32(body.count).bigEndian, Array.init) + body
    // The socket's buffer holds it: nobody reads yet.
    try Descriptors.setNonBlocking(descriptor)
    let written = try bytes.withUnsafeBytes {
      (buffer) throws(ProcessControlError) in try Descriptors.write(descriptor, buffer)
    }
    guard written == bytes.count else {
      throw ProcessTreeError(
        .systemCallFailed, "The bootstrap record of \(bytes.count) bytes does not fit its socket.")
    }
  }

  /// Reads the record that the parent has written, within a deadline.
  static func read() throws -> BootstrapRecord {
    let length = try read(count: 4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= largestRecord else {
      throw WireError("a bootstrap record has at most \(largestRecord) bytes, not \(length)")
    }
    return try MessagePackDecoder().decode(
      BootstrapRecord.self, from: try read(count: length))
  }

  /// What a child has left in the descriptor about how far it came.
  enum LastWord: Equatable {
    /// The program was about to run.
    case begun
    /// The child could not come up, and why.
    case failed(String)
  }

  /// What a child exits with that could not come up; the C code that sets children up does so too.
  static let failureCode: Int32 = 125
  private static let longestReason = 4_096
  private static let begunMark: UInt8 = 1
  private static let failedMark: UInt8 = 2

  /// Leaves a mark in the descriptor that the program is about to run.
  ///
  /// Unlike a frame, which a thread of its own has to send, it is there whatever happens next.
  static func markBegun() { leave([begunMark]) }

  /// Leaves the reason why the child cannot come up.
  static func tellFailure(_ reason: String) {
    leave([failedMark] + reason.limited(to: longestReason).utf8)
  }

  /// Tells the parent, over the descriptor alone, that the child is done with.
  static func cutTie() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  private static func leave(_ bytes: [UInt8]) {
    // Never waits, and never for the sake of a parent that has gone.
    _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }

  /// What a child that has ended left; nil when it left nothing.
  static func lastWord(_ descriptor: Int32) -> LastWord? {
    var bytes = [UInt8](repeating: 0, count: longestReason + 1)
    let length = Glibc.read(descriptor, &bytes, bytes.count)
    guard length > 0 else { return nil }
    guard bytes[0] == failedMark else { return .begun }
    return .failed(String(decoding: bytes[1..<length], as: UTF8.self))
  }

  private static func read(count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: count)
    while bytes.count < count {
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, Int32(clamping: deadline.wholeMilliseconds)) == 1 else {
        throw WireError("the parent sent no bootstrap record within \(deadline)")
      }
      let length = Glibc.read(descriptor, &chunk, count - bytes.count)
      guard length > 0 else { throw WireError("the bootstrap record ends too early") }
      bytes += chunk[..<length]
    }
    return bytes
  }
}
