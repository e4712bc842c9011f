internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeWire

/// The other end of a run's desk, for a process that is no node: calls block, each until a
/// deadline.
package struct DeskClient: ~Copyable {
  package enum Failure: Error, Hashable, Sendable {
    /// Nobody listens: the run has ended, or its root could not listen.
    case absent
    /// The root does not answer in time.
    case silent
    /// Too many clients wait to be served.
    case crowded
    /// The connection ended before the answer did.
    case closed
    /// The root speaks another major version.
    case otherVersion(Int)
    case refused(DeskAnswer.Failure, String)
  }

  /// The version that the root speaks.
  package private(set) var version = DeskHello.current
  private let descriptor: Descriptor
  private var frames = DeskFrames()
  private var lastNumber: UInt64 = 0

  private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Connects to the root of the run with this directory, and waits for its hello.
  ///
  /// It tries again as long as too many clients are there at once.
  package static func connect(
    to directory: String, within time: Duration
  ) throws(Failure) -> DeskClient {
    let deadline = ContinuousClock.now + time
    while true {
      do throws(Failure) {
        var client = try open(directory, until: deadline)
        try client.receiveHello(until: deadline)
        return client
      } catch {
        guard error == .closed || error == .crowded else { throw error }
        guard ContinuousClock.now < deadline else {
          throw error == .crowded ? .silent : .closed
        }
        usleep(pause)
      }
    }
  }

  /// How long to wait before another attempt, in microseconds.
  private static let pause: UInt32 = 10_000

  /// Connects and sends hello, without waiting for that of the root.
  private static func open(
    _ directory: String, until deadline: ContinuousClock.Instant
  ) throws(Failure) -> DeskClient {
    let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let made = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | flags, 0)
    guard let descriptor = Descriptor(owning: made) else { throw .absent }
    let number = descriptor.number
    let status = UnixAddress.with(RunDirectory.desk(in: directory)) {
      Glibc.connect(number, $0, $1)
    }
    // A full queue of connections is that of a root that is busy, or does not turn.
    guard status == 0 else { throw errno == EAGAIN ? .crowded : .absent }
    let client = DeskClient(descriptor)
    try client.send(DeskHello.current.packed(), until: deadline)
    return client
  }

  private mutating func receiveHello(until deadline: ContinuousClock.Instant) throws(Failure) {
    let frame = try receive(until: deadline)
    guard let hello = try? DeskHello(packed: frame) else { throw .closed }
    guard hello.major == DeskHello.current.major else { throw .otherVersion(hello.major) }
    version = hello
  }

  /// Sends a request; returns the explanations and the result that come as its answer.
  package mutating func request(
    _ purpose: DeskRequest.Purpose, within time: Duration
  ) throws(Failure) -> (nodes: [NodeExplanation], result: OperationResult?) {
    let deadline = ContinuousClock.now + time
    try begin(purpose, until: deadline)
    var nodes: [NodeExplanation] = []
    while true {
      switch try next(until: deadline) {
      case .node(let explanation): nodes.append(explanation)
      case .result(let result): return (nodes, result)
      case .done: return (nodes, nil)
      case .output, .dropped, .status, .past: throw .closed
      case .failed(let failure, let text): throw .refused(failure, text)
      }
    }
  }

  /// Sends a request, whose answers `next` then returns.
  package mutating func begin(
    _ purpose: DeskRequest.Purpose, until deadline: ContinuousClock.Instant
  ) throws(Failure) {
    lastNumber += 1
    try send(DeskRequest(lastNumber, purpose).packed(), until: deadline)
  }

  /// The next answer to the last request.
  package mutating func next(
    until deadline: ContinuousClock.Instant
  ) throws(Failure) -> DeskAnswer.Content {
    while true {
      let frame = try receive(until: deadline)
      guard let answer = try? DeskAnswer(packed: frame) else { throw .closed }
      if answer.number == lastNumber { return answer.content }
    }
  }

  /// Asks the roots of all runs with these directories at once how they stand, and waits for them
  /// together.
  package static func statuses(
    of directories: [String], within time: Duration
  ) -> [String: Result<Standing, Failure>] {
    let deadline = ContinuousClock.now + time
    let inquiries = directories.map { ($0, Inquiry($0, until: deadline)) }
    return Dictionary(
      inquiries.map { ($0, $1.answer(until: deadline)) }, uniquingKeysWith: { first, _ in first })
  }

  /// How a run stands, and the version that its root speaks.
  package struct Standing: Hashable, Sendable {
    package let status: RunStatus
    package let version: DeskHello
  }

  /// A question to one of several roots.
  private final class Inquiry {
    private var client: DeskClient?
    private var failure: Failure?

    init(_ directory: String, until deadline: ContinuousClock.Instant) {
      do throws(Failure) {
        var client = try DeskClient.open(directory, until: deadline)
        try client.begin(.status, until: deadline)
        self.client = consume client
      } catch {
        client = nil
        failure = error
      }
    }

    /// How long it may take to read an answer that came while another root was waited for.
    private static let reading: Duration = .milliseconds(50)

    func answer(until deadline: ContinuousClock.Instant) -> Result<Standing, Failure> {
      if let failure { return .failure(failure) }
      let deadline = max(deadline, .now + Self.reading)
      do throws(Failure) {
        try client?.receiveHello(until: deadline)
        guard case .status(let status)? = try client?.next(until: deadline) else { throw .closed }
        return .success(Standing(status: status, version: client?.version ?? .current))
      } catch {
        return .failure(error)
      }
    }
  }

  /// Sends requests that have one answer each, and hands the answers on as they come.
  ///
  /// - Parameters:
  ///   - purposes: Makes the request of each place, when it is sent.
  ///   - take: Gets the place of the request and its answer.
  package mutating func requestAll(
    _ count: Int, until deadline: ContinuousClock.Instant, _ purpose: (Int) -> DeskRequest.Purpose,
    _ take: (Int, Result<OperationResult?, Failure>) throws -> Void
  ) throws {
    var places: [UInt64: Int] = [:]
    var next = 0
    while next < count || !places.isEmpty {
      while next < count, places.count < Self.mostAtOnce {
        try begin(purpose(next), until: deadline)
        places[lastNumber] = next
        next += 1
      }
      guard let answer = try? DeskAnswer(packed: try receive(until: deadline)) else {
        throw Failure.closed
      }
      let result: Result<OperationResult?, Failure>
      switch answer.content {
      case .result(let found): result = .success(found)
      case .done: result = .success(nil)
      case .failed(let failure, let text): result = .failure(.refused(failure, text))
      case .node, .output, .dropped, .status, .past: continue
      }
      if let place = places.removeValue(forKey: answer.number) { try take(place, result) }
    }
  }

  /// How many requests are under way at a time: a root takes 64.
  private static let mostAtOnce = 32

  /// Sends a frame.
  ///
  /// A root that has closed may have sent the reason before: the next `receive` returns it, or
  /// finds the end.
  private func send(
    _ frame: [UInt8], until deadline: ContinuousClock.Instant
  ) throws(Failure) {
    var rest = DeskFrames.framed(frame)[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if sent > 0 {
        rest = rest.dropFirst(sent)
      } else if errno == EPIPE || errno == ECONNRESET {
        return
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, until: deadline)
      } else if errno != EINTR {
        throw .closed
      }
    }
  }

  private mutating func receive(
    until deadline: ContinuousClock.Instant
  ) throws(Failure) -> [UInt8] {
    while true {
      do throws(WireError) {
        if let frame = try frames.next() { return frame }
      } catch {
        throw .closed
      }
      try wait(for: POLLIN, until: deadline)
      let length = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
        let length = recv(descriptor.number, buffer.baseAddress, buffer.count, 0)
        if length > 0 { frames.append(buffer[..<length]) }
        return length
      }
      if length < 0, errno == EAGAIN || errno == EINTR { continue }
      guard length > 0 else { throw .closed }
    }
  }

  private func wait(
    for events: Int32, until deadline: ContinuousClock.Instant
  ) throws(Failure) {
    var state = pollfd(fd: descriptor.number, events: Int16(events), revents: 0)
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { throw .silent }
      let count = poll(&state, 1, Int32(clamping: left.wholeMilliseconds))
      if count > 0 { return }
      guard count == 0 || errno == EINTR else { throw .closed }
    }
  }
}
