internal import ProcessTreeLinks
internal import ProcessTreeWire

/// Attempts to reach the far half of a host over a new connection.
///
/// Belongs to the loop.
final class AttachAttempts {
  private let words: [String]
  private let hello: HostHello
  private let secret: [UInt8]
  private unowned let runtime: NodeRuntime
  /// Those that have not been closed.
  private var open: [EngineSession] = []
  /// The commands that run, of those that have been closed as well.
  private var running: [EngineSession] = []
  /// The most of them that may run: beyond that the oldest is killed, unless the link goes over it.
  private static let mostRunning = 10
  /// Why an attempt came to nothing, the last of which that is known.
  private(set) var lastTrouble: String?

  /// Called when the far half sends hello; the connection is the receiver's.
  var onHello: ((EngineSession, HostFrame) -> Void)?
  /// Called with the state of the far half.
  var onVerdict: ((HostVerdict) -> Void)?
  /// Called when an attempt has come to nothing.
  var onFailure: (() -> Void)?
  /// Called when the last command has ended.
  var onIdle: (() -> Void)?

  /// - Parameters:
  ///   - words: The engine's command for another connection.
  ///   - hello: How the far half introduced itself.
  ///   - secret: What it was given.
  ///   - runtime: That of this node.
  init(_ words: [String], to hello: HostHello, _ secret: [UInt8], in runtime: NodeRuntime) {
    self.words = words
    self.hello = hello
    self.secret = secret
    self.runtime = runtime
  }

  var isIdle: Bool { running.isEmpty }

  /// Starts another attempt beside those under way.
  func start(to purpose: AttachRecord.Purpose) {
    makeRoom()
    let session: EngineSession
    do {
      session = try makeSession(purpose)
    } catch {
      lastTrouble = "\(error)"
      onFailure?()
      return
    }
    open.append(session)
    running.append(session)
    session.onFirst = { [unowned self, unowned session] in take($0, from: session) }
    session.onSilentEnd = { [unowned self, unowned session] _ in fail(session) }
    session.onEnd = { [weak self, unowned session] in self?.ended(session) }
    if (try? session.begin()) == nil { fail(session) }
  }

  private func makeRoom() {
    let idle = running.filter { session in
      session.hasBeenLeft || open.contains { $0 === session }
    }
    guard idle.count >= Self.mostRunning, let oldest = idle.first else { return }
    fail(oldest)
    oldest.kill()
  }

  private func makeSession(_ purpose: AttachRecord.Purpose) throws -> EngineSession {
    let nonce = try EngineSession.nonce(on: runtime.loop)
    let record = AttachRecord(
      nonce: nonce, socket: hello.socket, secret: secret, purpose: purpose,
      hostRun: hello.hostRun, system: hello.system)
    return try EngineSession(words, nonce: nonce, record: record.packed(), in: runtime)
  }

  private func take(_ frame: HostFrame, from session: EngineSession) {
    switch frame.kind {
    case .hello:
      open.removeAll { $0 === session }
      onHello?(session, frame)
    case .verdict:
      let verdict = try? HostVerdict(packed: frame.body)
      fail(session)
      if verdict == .elsewhere {
        lastTrouble = "it has led to another machine or container, or to one that cannot be told"
      }
      if let verdict { onVerdict?(verdict) }
    default: fail(session)
    }
  }

  private func fail(_ session: EngineSession) {
    guard open.contains(where: { $0 === session }) else { return }
    open.removeAll { $0 === session }
    session.leave()
    onFailure?()
  }

  private func ended(_ session: EngineSession) {
    running.removeAll { $0 === session }
    if !session.hasSpoken { lastTrouble = session.trouble ?? lastTrouble }
    if running.isEmpty { onIdle?() }
  }

  /// Gives up those under way: somebody else has got through, or there is nothing to be reached.
  func leaveAll(isLast: Bool = false) {
    let left = open
    open = []
    for _ in left { onFailure?() }
    for session in isLast ? running : left { session.leave(isLast: isLast) }
  }
}
