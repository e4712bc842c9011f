internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The connection of a client to the desk: frames in and out, each within bounds.
///
/// Belongs to the loop.
final class DeskConnection {
  /// How long a client may be silent before its hello.
  static let helloPatience = Duration.seconds(2)
  /// How long it may be silent with nothing under way.
  static let idlePatience = Duration.seconds(30)
  /// The most requests that are under way.
  static let mostRequests = 64
  /// Requests are short.
  static let largestRequest = 64 << 10

  private let descriptor: WatchedDescriptor
  private let loop: EventLoop
  private var frames = DeskFrames(largest: largestRequest)
  private var unsent: [UInt8] = []
  /// How many bytes of those have been sent already.
  private var sentCount = 0
  private var timer: TimerQueue.ID?
  private var hasSaidHello = false
  private var underWay = 0
  /// How many of these wait for the end of the run.
  private var endsAwaited = 0
  /// When it last had something to do.
  private var lastActivity = ContinuousClock.now
  private(set) var isOpen = true
  let pid: Int32
  let user: UInt32

  /// Whether so many more bytes of answers may wait for clients to take them.
  var mayKeep: ((Int) -> Bool)?
  /// Called when all answers have been sent.
  var onSent: (() -> Void)?
  /// Called with each request.
  var onRequest: ((DeskRequest) -> Void)?
  /// Called once, when the connection has been closed.
  var onClose: (() -> Void)?

  init(
    _ descriptor: consuming Descriptor, pid: Int32, user: UInt32, on loop: EventLoop
  ) throws(LoopError) {
    self.descriptor = WatchedDescriptor(descriptor, on: loop)
    self.loop = loop
    self.pid = pid
    self.user = user
    try loop.poller.add(self.descriptor.number, for: .read) { [weak self] readiness in
      self?.isReady(readiness)
    }
    setTimer(Self.helloPatience)
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    if let timer { loop.timers.cancel(timer) }
    timer = nil
    descriptor.unwatch()
    shutdown(descriptor.number, Int32(SHUT_RDWR))
    onClose?()
    (onClose, onRequest, onSent, mayKeep) = (nil, nil, nil, nil)
  }

  /// How long nothing has been under way; nil while something is.
  var idleTime: Duration? {
    underWay == 0 && unsentCount == 0 ? lastActivity.duration(to: .now) : nil
  }

  /// Whether it waits for the end of the run and for nothing else.
  var onlyAwaitsEnd: Bool { underWay > 0 && underWay == endsAwaited && unsentCount == 0 }

  /// How many bytes of answers wait for the client to take them.
  var unsentCount: Int { unsent.count - sentCount }

  /// Sends an answer; the last one of a request ends that.
  func send(_ answer: DeskAnswer) {
    switch answer.content {
    case .node, .output, .dropped, .past: break
    case .result, .done, .failed, .status:
      underWay -= 1
      lastActivity = .now
      if underWay == 0 { setTimer(Self.idlePatience) }
    }
    send(answer.packed())
  }

  private func send(_ frame: [UInt8]) {
    guard isOpen else { return }
    // A client that takes nothing is not waited for.
    guard mayKeep?(frame.count) ?? true else { return close() }
    unsent += DeskFrames.framed(frame)
    flush()
  }

  private func flush() {
    let wasEmpty = unsentCount == 0
    while unsentCount > 0 {
      let sent = unsent[sentCount...].withUnsafeBytes {
        Glibc.send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if sent < 0, errno == EINTR { continue }
      if sent < 0, errno == EAGAIN { break }
      guard sent > 0 else { return close() }
      sentCount += sent
    }
    if sentCount * 2 >= unsent.count {
      unsent.removeFirst(sentCount)
      sentCount = 0
    }
    loop.poller.change(descriptor.number, to: unsentCount == 0 ? .read : [.read, .write])
    if unsentCount == 0, !wasEmpty { onSent?() }
  }

  private func isReady(_ readiness: DescriptorPoller.Readiness) {
    if readiness.contains(.write) { flush() }
    guard isOpen, !readiness.isDisjoint(with: [.read, .hangUp]) else { return }
    var bytes = [UInt8](repeating: 0, count: Self.largestRequest)
    // One read a turn: others have theirs.
    let length = recv(descriptor.number, &bytes, bytes.count, 0)
    if length < 0, errno == EAGAIN || errno == EINTR { return }
    guard length > 0 else { return close() }
    lastActivity = .now
    frames.append(bytes[..<length])
    do throws(WireError) {
      while isOpen, let frame = try frames.next() { try receive(frame) }
    } catch {
      close()
    }
  }

  private func receive(_ frame: [UInt8]) throws(WireError) {
    guard hasSaidHello else {
      let hello = try DeskHello(packed: frame)
      hasSaidHello = true
      setTimer(Self.idlePatience)
      send(DeskHello.current.packed())
      // The client reads from the reply which version it is.
      if hello.major != DeskHello.current.major { close() }
      return
    }
    let request = try DeskRequest(packed: frame)
    underWay += 1
    guard underWay <= Self.mostRequests else {
      return send(DeskAnswer(request.number, .failed(.tooMany, "Too many requests are under way.")))
    }
    if let timer { loop.timers.cancel(timer) }
    timer = nil
    if request.purpose == .end { endsAwaited += 1 }
    onRequest?(request)
  }

  private func setTimer(_ time: Duration) {
    if let timer { loop.timers.cancel(timer) }
    timer = loop.timers.schedule(after: time) { [weak self] in
      self?.timer = nil
      self?.close()
    }
  }
}
