internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// One command of an engine, with the connection that its streams are.
///
/// Belongs to the loop.
final class EngineSession {
  /// How long the command may go on once its connection is of no use any more: a command that has
  /// got in is not killed in the middle of a login, where it may hold locks of the user's.
  private static let leavingTime: Duration = .seconds(30)
  /// How long one may that has been joined, and then has lost its streams; and how long streams may
  /// that have lost their command: frames may be in them still, and others may hold them open.
  private static let joinedTime: Duration = .seconds(1)

  /// What each of its pipes holds, for fewer and larger turns at both ends.
  ///
  /// All pipes of a user together hold 64 MiB by default.
  private static let pipeSize = 256 << 10

  let engine: EngineProcess
  let connection: HostConnection
  private let words: [String]
  private let record: [UInt8]
  private let loop: EventLoop
  private(set) var hasSpoken = false
  private(set) var hasBeenLeft = false
  private var wasKilled = false

  /// Called with the first frame; ``connection`` is then whose it is to be.
  var onFirst: ((HostFrame) -> Void)?
  /// Called when the streams end before the first frame.
  var onSilentEnd: ((HostConnection.End) -> Void)?
  /// Called when the command has ended.
  var onEnd: (() -> Void)?

  /// Starts the command; nothing is heard of it before ``begin()``.
  ///
  /// - Parameters:
  ///   - words: The command.
  ///   - nonce: What its frames begin behind.
  ///   - record: What the process over there reads first.
  init(
    _ words: [String], nonce: String, record: [UInt8], in runtime: NodeRuntime
  ) throws {
    self.words = words
    self.record = record
    loop = runtime.loop
    let input = try Descriptors.makePipe()
    let output = try Descriptors.makePipe()
    for pipe in [input.first.number, output.first.number] {
      Descriptors.widen(pipe, to: Self.pipeSize)
    }
    connection = try HostConnection(
      over: StreamEnds(input: output.first, output: input.second), on: runtime.loop,
      after: HostRecord.marker(nonce))
    engine = try EngineProcess(words, input: input.first, output: output.second, in: runtime)
    engine.onEnd = { [weak self, connection, loop] in
      _ = loop.timers.schedule(after: Self.joinedTime) { connection.giveUp() }
      self?.onEnd?()
    }
    connection.onFrame = { [unowned self] frame in
      // Others come too soon.
      guard !hasSpoken else { return }
      hasSpoken = true
      onFirst?(frame)
    }
    connection.onEnd = { [unowned self] in onSilentEnd?($0) }
  }

  /// Talks to the command, which may have ended.
  func begin() throws(LoopError) {
    try connection.start()
    connection.send(withUnsafeBytes(of: UInt32(record.count).bigEndian, Array.init) + record)
  }

  /// A nonce that no login script writes.
  static func nonce(on loop: EventLoop) throws -> String {
    try loop.randomBytes(16).map { String($0, radix: 16) }.joined()
  }

  var hasEnded: Bool { engine.hasEnded }

  /// The connection is of no use any more; the command ends by itself, or is killed later.
  ///
  /// - Parameter isLast: Whether there is no time for a login that is slow.
  func leave(isLast: Bool = false) {
    hasBeenLeft = true
    connection.close()
    guard !engine.hasEnded else { return }
    _ = loop.timers.schedule(after: hasSpoken || isLast ? Self.joinedTime : Self.leavingTime) {
      [weak self] in self?.kill()
    }
  }

  /// The trouble that the end of its command shows; nil if this side has killed it.
  var trouble: String? { wasKilled ? nil : engine.verdict.trouble(of: words) }

  /// Kills the command at once.
  func kill() {
    wasKilled = true
    engine.kill()
  }

  /// The error, with the trouble that the command's end shows.
  func explain(_ error: HostError) -> HostError {
    engine.verdict.explaining(error, of: words)
  }
}
