internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The way of data links to a host and from it, at one half of that host.
///
/// A node of this side connects here and names the node on the other side that it wants; the other
/// half connects to that node, or to the next gate. Frames are passed on as they are, in order.
/// Behind the last frame of a node that has ended comes the word that it has. Belongs to the loop.
final class HostGate {
  /// The streams that the near half and the far half number begin behind these, and those of the
  /// edges of placed children before both.
  static let firstOfFar: UInt32 = 1 << 30
  static let firstOfNear: UInt32 = 1 << 31

  /// Whether a stream is one of a gate.
  static func has(_ stream: UInt32) -> Bool { stream >= firstOfFar }

  private static let mostStreams = 4_096
  private static let looks = 16
  /// How long a node may send nothing before it has to listen at least.
  private static let patience: Duration = .seconds(5)
  /// In this time the end of a process has been reported to all who have to know.
  private static let timeToTell: Duration = .seconds(5)
  /// How long a node may be stopped and still hear the last word.
  private static let longestClosing: Duration = .seconds(60)

  private let gateways: Gateways
  /// The direction in which the other half is.
  private let way: HostPath.Way
  private let context: LinkContext
  private let loop: EventLoop
  private let carrier: HostCarrier
  let witness = WorkWitness()
  private var listener: FrameRelay?
  /// Connections that have been asked where they lead, and those that need no answer any more.
  private var asked = Recent<FrameRelay.Connection, Void>(capacity: 4_096)
  private var closed = Recent<FrameRelay.Connection, Void>(capacity: 4_096)
  private var accepted: [FrameRelay.Connection: UInt32] = [:]
  private var streams: [UInt32: GateStream] = [:]
  private var lastStream: UInt32
  /// Streams to nodes of this side that have sent nothing yet.
  private var silent: Set<UInt32> = []
  /// Connections whose nodes have been sent the last word, and have not confirmed it.
  private var closing: [UInt32: FrameRelay] = [:]
  private lazy var processes = WatchedProcesses(on: loop) { [unowned self] in ended($0) }
  private var isOver = false
  private var hook: Int?

  /// Listens in the directory of this side's host.
  ///
  /// - Parameters:
  ///   - gateways: The gates around this side's host.
  ///   - way: The direction in which the other half is.
  ///   - pid: This process.
  ///   - context: Its sockets.
  ///   - loop: Its loop.
  ///   - carrier: The link to the other half.
  init(
    _ gateways: Gateways, _ way: HostPath.Way, of pid: Int32, in context: LinkContext,
    on loop: EventLoop, over carrier: HostCarrier
  ) throws {
    self.gateways = gateways
    self.way = way
    self.context = context
    self.loop = loop
    self.carrier = carrier
    lastStream = way == .up ? Self.firstOfFar : Self.firstOfNear
    let path = gateways.directory.socket(of: pid, "g")
    unlink(path)
    listener = try FrameRelay(listeningAt: path, in: context, on: loop) { [unowned self] in
      receive($1, over: $0)
    }
    listener?.onBroken = { [unowned self] connection, reason in
      if let number = accepted[connection] { broke(number, reason) }
    }
    hook = loop.addTurnHook { [unowned self] in exchange() }
  }

  deinit {
    if let hook { loop.removeTurnHook(hook) }
    listener?.close()
    for relay in closing.values { relay.close() }
  }

  // MARK: From nodes of this side

  private func receive(
    _ frame: UnsafeRawBufferPointer, over connection: FrameRelay.Connection
  ) {
    if let stream = accepted[connection] { return pass(frame, stream) }
    guard closed[connection] == nil, let listener else { return }
    guard asked[connection] != nil else {
      asked.note((), for: connection)
      listener.send(FlowHeader(kind: .whereTo).frame(), to: connection)
      return
    }
    // Others are from before the node knew that its connection is new: it sends them again.
    guard let target = GateTarget(frame: frame) else { return }
    let pid = listener.sender
    // The connection is gone: its node comes again, over another.
    guard pid != 0 else { return }
    let refusal =
      gateways.refusal(of: target, from: pid, over: way)
      ?? (streams.count < Self.mostStreams ? nil : "the gate has too many connections")
    if let refusal {
      return refuse(connection, target, .unreachable(reason: refusal))
    }
    guard !isOver else { return refuse(connection, target, .hostOver) }
    open(target, of: pid, over: connection)
  }

  private func refuse(
    _ connection: FrameRelay.Connection, _ target: GateTarget, _ verdict: PeerVerdict
  ) {
    listener?.send(verdict.frame(of: target.to), to: connection)
    closed.note((), for: connection)
  }

  private func open(
    _ target: GateTarget, of pid: Int32, over connection: FrameRelay.Connection
  ) {
    guard processes.watch(pid) else { return refuse(connection, target, .dead(work: [])) }
    // The same node again, whose connection was lost.
    let lost = streams.filter {
      $1.pid == pid && $1.target == target && $1.isAccepted
    }.keys
    lastStream += 1
    accepted[connection] = lastStream
    listener?.allowRing(for: connection)
    streams[lastStream] = GateStream(end: .accepted(connection), pid: pid, target: target)
    for number in lost.sorted() { end(number) }
    carrier.send(.reach(stream: lastStream, target), isUrgent: false)
  }

  private func pass(_ frame: UnsafeRawBufferPointer, _ number: UInt32) {
    silent.remove(number)
    guard let stream = streams[number], !isOver else {
      if frame.first == FlowHeader.Kind.closed.rawValue {
        closing.removeValue(forKey: number)?.close()
      }
      return
    }
    // What other gates pass on has been looked at on the host of its node.
    carrier.relay(
      frame, number, unless: isOfNode(stream) ? witness.look(at: frame, of: stream.pid) : nil)
    // The last word of another gate: nothing follows it.
    guard frame.first == FlowHeader.Kind.closed.rawValue, !isOfNode(stream) else { return }
    send(PeerVerdict.heard, to: stream)
    end(number)
  }

  /// Whether a stream ends at a node of this side, and not at another gate.
  private func isOfNode(_ stream: GateStream) -> Bool {
    (stream.isAccepted ? stream.target.from : stream.target.to).host == gateways.host
  }

  // MARK: From the other half

  /// A node on the other side wants a link to one on this side.
  func reach(_ number: UInt32, _ target: GateTarget) {
    do throws(WireError) {
      guard Self.has(number), streams[number] == nil, streams.count < Self.mostStreams,
        gateways.host.way(to: target.from.host) == way,
        gateways.host.way(to: target.to.host) != way
      else { throw WireError("the other half of the host asks for a link that cannot be") }
      try dial(number, target)
    } catch {
      answer(number, about: target.to, .unreachable(reason: error.description))
    }
  }

  private func dial(_ number: UInt32, _ target: GateTarget) throws(WireError) {
    let node = target.to
    let gate = gateways.gate(to: node.host)
    if gate == nil, node.host != gateways.host { return answer(number, about: node, .hostOver) }
    if gate == nil, HostProcess.startTime(of: node.pid) != node.startTime {
      return answer(number, about: node, .dead(work: []))
    }
    let pid = gate?.pid ?? node.pid
    guard processes.watch(pid) else {
      return answer(number, about: node, gate == nil ? .dead(work: []) : .hostOver)
    }
    do {
      let relay = try FrameRelay(
        to: gate?.endpoint ?? gateways.endpoint(of: node), isLink: true, in: context, on: loop
      ) { [unowned self] in pass($0, number) }
      relay.onBroken = { [unowned self] in broke(number, $1) }
      streams[number] = GateStream(end: .dialled(relay), pid: pid, target: target)
      if gate == nil { expectWord(of: node, number) }
    } catch {
      throw WireError("its host cannot connect to it: \(error)")
    }
  }

  /// Gives up a live node that sends nothing and does not listen: one that listens is busy.
  private func expectWord(of node: PeerAddress, _ number: UInt32) {
    silent.insert(number)
    _ = loop.timers.schedule(after: Self.patience) { [weak self] in
      guard let self, silent.remove(number) != nil,
        access(gateways.directory.socket(of: node.pid, "l"), F_OK) != 0
      else { return }
      answer(number, about: node, .unreachable(reason: "it does not listen for links"))
      close(number)
    }
  }

  /// Takes a frame of the other half.
  func receive(_ frame: HostFrame) {
    guard let stream = streams[frame.stream] else { return }
    send(frame.body, to: stream)
  }

  private func send(_ frame: [UInt8], to stream: GateStream) {
    switch stream.end {
    case .accepted(let connection): listener?.send(frame, to: connection)
    case .dialled(let relay): relay.send(frame)
    }
  }

  /// Nothing more comes over a stream.
  func close(_ number: UInt32) {
    silent.remove(number)
    guard let stream = streams.removeValue(forKey: number) else { return }
    switch stream.end {
    case .accepted(let connection):
      accepted[connection] = nil
      closed.note((), for: connection)
      listener?.forget(connection)
    case .dialled(let relay): letGo(relay, number)
    }
    unwatch(stream.pid)
  }

  /// Closes a connection once the node has heard the last word: closing it earlier may cost that.
  private func letGo(_ relay: FrameRelay, _ number: UInt32) {
    closing[number] = relay
    _ = loop.timers.schedule(after: Self.longestClosing) { [weak self] in
      self?.closing.removeValue(forKey: number)?.close()
    }
  }

  // MARK: Ends

  /// The last word about a stream, and nothing after it.
  private func answer(_ number: UInt32, about node: PeerAddress, _ verdict: PeerVerdict) {
    guard !isOver else { return }
    carrier.send(HostFrame(.relay, body: verdict.frame(of: node), stream: number))
    carrier.send(.close(stream: number), isUrgent: false)
  }

  /// Closes a stream on both sides.
  private func end(_ number: UInt32) {
    close(number)
    if !isOver { carrier.send(.close(stream: number), isUrgent: false) }
  }

  /// The node at this end, or the gate, has broken the protocol: nothing more of it is heard.
  private func broke(_ number: UInt32, _ reason: String) {
    guard let stream = streams[number] else { return }
    let node = stream.isAccepted ? stream.target.from : stream.target.to
    answer(number, about: node, .unreachable(reason: reason))
    close(number)
  }

  private func unwatch(_ pid: Int32) {
    guard !streams.values.contains(where: { $0.pid == pid }),
      processes.unwatch(pid)
    else { return }
    // The far half's witness serves the links of children to their parents as well.
    if way != .up { witness.forget(pid) }
  }

  /// A process has ended that need not have had a link.
  func release(_ pid: Int32) { forget(pid) }

  /// Forgets the notes of a process that has ended, when both its links and its parent have been
  /// informed.
  private func forget(_ pid: Int32) {
    guard let life = witness.life(of: pid) else { return }
    _ = loop.timers.schedule(after: Self.timeToTell) { [weak self] in
      self?.witness.forget(pid, ofLife: life)
    }
  }

  /// A process has ended: what it sent goes first, then the word that it has.
  private func ended(_ pid: Int32) {
    receiveAll()
    let work = witness.work(of: pid)
    for (number, stream) in streams.sorted(by: { $0.key < $1.key }) where stream.pid == pid {
      // With a gate, a host has gone.
      let node = stream.isAccepted ? stream.target.from : stream.target.to
      answer(number, about: node, isOfNode(stream) ? .dead(work: work) : .hostOver)
      close(number)
      closing.removeValue(forKey: number)?.close()
    }
    forget(pid)
  }

  /// The link has ended: nothing of the other side is heard any more.
  func end() {
    guard !isOver else { return }
    isOver = true
    for (number, stream) in streams {
      let node = stream.isAccepted ? stream.target.to : stream.target.from
      send(PeerVerdict.hostOver.frame(of: node), to: stream)
      close(number)
    }
  }

  // MARK: Turns

  /// Receives a turn's share; true when there is more.
  private func exchange() -> Bool {
    // All of it is bulk, which waits while the link has enough.
    guard carrier.hasRoom || isOver else { return false }
    return carrier.together {
      listener?.receive()
      var hasMore = listener?.mayHaveFrames ?? false
      for stream in streams.values {
        guard case .dialled(let relay) = stream.end else { continue }
        relay.receive()
        hasMore = hasMore || relay.mayHaveFrames
      }
      for relay in closing.values { relay.receive() }
      return hasMore
    }
  }

  /// Receives all that has come.
  private func receiveAll() {
    for _ in 0..<Self.looks {
      listener?.receiveAll()
      for stream in streams.values {
        if case .dialled(let relay) = stream.end { relay.receiveAll() }
      }
    }
  }
}
