internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeCLinux
internal import ProcessTreeZeroMQ

/// A gate before a listening socket of libzmq.
///
/// It accepts connections only while descriptors are free, limits the number of connections that
/// have not proved their identity, and cuts them off if they do not. Accepting happens on libzmq's
/// thread, everything else on the loop.
final class AcceptGate: Sendable {
  /// The callbacks of a gate, on the loop.
  struct Handlers {
    /// Connections were refused, for this reason.
    var turnedAway: (String) -> Void
    /// Connections have waited for long without a free descriptor.
    var exhausted: (LimitError) -> Void
    /// Receives all frames: one that is not yet read may prove an identity.
    var receiveAll: () -> Void = {}
    /// The connection whose socket has this cookie has brought what no node sends, and is gone.
    var broke: (UInt64) -> Void = { _ in }
  }

  private struct State {
    var newcomers: Newcomers
    var isWatched = false
    var isClosed = false
    /// Since the last look: the numbers of surplus connections, of those of other users and of
    /// those that broke the transport's protocol, and whether one had to wait.
    var surplus = 0
    var foreign = 0
    var broken = 0
    var isWanting = false
    /// The number of successive looks during which a connection waited.
    var wantingLooks = 0
  }

  /// The descriptors that new connections leave to the node.
  static let reserve = 4
  /// How long the accepting thread pauses when it cannot accept: its poller would call again at
  /// once, and no event reports that a descriptor is free.
  private static let restMicroseconds: UInt32 = 1_000
  private static let secondsUntilExhausted = 10
  private static let period: Duration = .seconds(1)

  private let cookie: UInt64
  private let state: Lock<State>
  private let bound: LoopBound<Handlers>

  /// The gates of this process, by the cookie of their listening sockets.
  private static let gates = Lock<[UInt64: AcceptGate]>([:])

  /// Makes the gate of a listening socket, before libzmq receives the socket.
  init(before listener: Int32, on loop: EventLoop, _ handlers: Handlers) {
    cookie = cl_socket_cookie(listener)
    bound = LoopBound(handlers, on: loop)
    // At most an eighth of all descriptors; children that connect at once are accepted one by one.
    let capacity = min(max(FreeDescriptors.limit / 8, 4), 1_024)
    state = Lock(State(newcomers: Newcomers(capacity: capacity)))
    Self.gates.withLock { $0[cookie] = self }
    cl_set_accept_gate(callbacks)
  }

  /// Releases the listening socket, which is being closed.
  func close() {
    state.withLock { $0.isClosed = true }
    Self.gates.withLock { $0[cookie] = nil }
  }

  /// The peer of a connection has proved its identity.
  func proved(_ descriptor: Int32) {
    state.withLock { $0.newcomers.proved(descriptor) }
    cl_stream_allow(descriptor, UInt64(cl_most_unread))
  }

  /// The peer of a connection has been refused, with a reason: it has until the next look to read
  /// that.
  func refused(_ descriptor: Int32) { state.withLock { $0.newcomers.refused(descriptor) } }

  fileprivate static func gate(of listener: Int32) -> AcceptGate? {
    gate(cl_socket_cookie(listener))
  }

  fileprivate static func gate(_ cookie: UInt64) -> AcceptGate? { gates.withLock { $0[cookie] } }

  // MARK: On the accepting thread

  fileprivate func acceptance() -> cl_acceptance {
    guard !FreeDescriptors.has(Self.reserve + 1) else { return cl_accept_watched }
    watch { $0.isWanting = true }
    usleep(Self.restMicroseconds)
    return cl_accept_later
  }

  fileprivate func keeps(_ descriptor: Int32) -> Bool {
    let newcomer = Newcomers.Connection(
      descriptor: descriptor, cookie: cl_socket_cookie(descriptor))
    guard cl_peer_has_our_user(descriptor) else {
      watch { $0.foreign += 1 }
      return false
    }
    guard cl_stream_begin(descriptor, cookie, UInt64(cl_most_unread_unproved)) else {
      return false
    }
    return watch { state in
      let isKept = state.newcomers.add(newcomer) { cl_socket_cookie($0.descriptor) == $0.cookie }
      if !isKept { state.surplus += 1 }
      return isKept
    }
  }

  fileprivate func broke(_ descriptor: Int32) {
    let cookie = cl_socket_cookie(descriptor)
    watch { state in
      state.newcomers.proved(descriptor)
      state.broken += 1
    }
    bound.perform { $0.broke(cookie) }
  }

  private func watch<Value>(_ change: (inout State) -> Value) -> Value {
    let (value, wasWatched) = state.withLock { state in
      defer { state.isWatched = true }
      return (change(&state), state.isWatched)
    }
    if !wasWatched { bound.perform { self.scheduleLook(for: $0) } }
    return value
  }

  // MARK: On the loop

  private func scheduleLook(for handlers: Handlers) {
    _ = bound.loop.timers.schedule(after: Self.period) { self.look(for: handlers) }
  }

  private func look(for handlers: Handlers) {
    guard !state.withLock(\.isClosed) else { return }
    // A connection whose proof is still unread must not be cut off because this loop was busy.
    handlers.receiveAll()
    let (late, silent, counts, wantingLooks) = state.withLock { state in
      let (late, silent) = state.newcomers.look()
      state.wantingLooks = state.isWanting ? state.wantingLooks + 1 : 0
      state.isWatched = !state.newcomers.isEmpty || state.isWanting
      defer { (state.surplus, state.foreign, state.broken, state.isWanting) = (0, 0, 0, false) }
      return (
        late, silent, (state.surplus, state.foreign, state.broken), state.wantingLooks
      )
    }
    for connection in late { cl_shut_down(connection.descriptor, connection.cookie) }
    if silent > 0 {
      handlers.turnedAway(
        "\(silent) connections did not prove their identity within \(Newcomers.lastLook) s")
    }
    if counts.0 > 0 {
      handlers.turnedAway("\(counts.0) surplus connections did not prove their identity")
    }
    if counts.1 > 0 { handlers.turnedAway("\(counts.1) connections were those of other users") }
    if counts.2 > 0 { handlers.turnedAway("\(counts.2) connections brought what no node sends") }
    if wantingLooks == 1 {
      handlers.turnedAway("no descriptor is free for a connection; the limit (ulimit -n) is low")
    }
    if wantingLooks == Self.secondsUntilExhausted {
      handlers.exhausted(
        LimitError(
          "Too many open files: for \(Self.secondsUntilExhausted) s no connection was accepted. "
            + "Raise the limit of \(FreeDescriptors.limit) (ulimit -n), or keep fewer children and "
            + "channels at a time."))
    }
    if state.withLock(\.isWatched) { scheduleLook(for: handlers) }
  }
}

/// The callbacks of accept4, allocated once because they must live as long as the process.
// Unsafe: written before anybody else sees it, and never again.
private nonisolated(unsafe) let callbacks: UnsafePointer<cl_accept_gate> = {
  let made = UnsafeMutablePointer<cl_accept_gate>.allocate(capacity: 1)
  made.initialize(
    to: cl_accept_gate(
      may_accept: { AcceptGate.gate(of: $0)?.acceptance() ?? cl_accept_as_ever },
      keeps: { AcceptGate.gate(of: $0)?.keeps($1) ?? true },
      broke: { AcceptGate.gate($0)?.broke($1) }))
  return UnsafePointer(made)
}()
