import ProcessTreeBase
import ProcessTreeCZeroMQ

/// The owner of the I/O threads that sockets work with.
///
/// Sockets keep their context alive. In a process forked from the one that made it, a context and
/// its sockets can be dropped but not used: operations throw ``ZeroMQError/Code/inherited``,
/// closing and terminating do nothing, because the I/O threads exist in the parent only.
public final class Context: Sendable {
  /// The mutable state, behind the lock because any thread may open and close sockets.
  private struct State {
    var handle: UnsafeMutableRawPointer?
    var openSockets = 0
    var isEnding = false
  }

  private let state: Lock<State>
  let mark = ForkMark()

  /// Creates a context; its threads start with its first socket.
  ///
  /// - Parameters:
  ///   - ioThreads: The number of threads that move bytes; 0 is enough for `inproc` alone.
  ///   - maximumSockets: The number of sockets that may be open at a time.
  /// - Throws: The error of libzmq; `EINVAL` for a number that it does not accept, and
  ///   ``ZeroMQError/Code/libraryMissing`` if libzmq cannot be loaded.
  public init(ioThreads: Int = 1, maximumSockets: Int = 1023) throws(ZeroMQError) {
    guard cz_load() else { throw ZeroMQError.libraryMissing() }
    guard let handle = cz_ctx_new() else { throw ZeroMQError.last("zmq_ctx_new") }
    state = Lock(State(handle: handle))
    try Self.set(ZMQ_IO_THREADS, to: ioThreads, named: "ioThreads", on: handle)
    try Self.set(ZMQ_MAX_SOCKETS, to: maximumSockets, named: "maximumSockets", on: handle)
  }

  /// Loads libzmq into this process, whose clones then have it, too, unless it is there already.
  ///
  /// A process needs it with its first context at the latest, which loads it otherwise. A failure
  /// is reported there.
  public static func loadLibrary() { _ = cz_load() }

  private static func set(
    _ option: Int32, to value: Int, named name: String, on handle: UnsafeMutableRawPointer
  ) throws(ZeroMQError) {
    let call = "zmq_ctx_set(\(name): \(value))"
    guard let value = Int32(exactly: value) else { throw ZeroMQError(errno: EINVAL, call: call) }
    guard cz_ctx_set(handle, option, value) == 0 else { throw ZeroMQError.last(call) }
  }

  /// Makes every blocked or later call on the sockets fail with ``ZeroMQError/Code/terminated``.
  ///
  /// The sockets must still be closed, each by its own thread.
  public func shutdown() {
    guard mark.isOwn else { return }
    state.withLock { state in
      if let handle = state.handle { cz_ctx_shutdown(handle) }
    }
  }

  /// Ends the context: at once when all its sockets are closed, else when the last one is.
  ///
  /// Where libzmq would block until other threads have closed their sockets, this shuts the
  /// context down and leaves the rest to them. It waits only for unsent messages of closed sockets,
  /// for as long as they linger.
  public func terminate() {
    guard mark.isOwn else { return }
    let idle: UnsafeMutableRawPointer? = state.withLock { state in
      state.isEnding = true
      if state.openSockets > 0 {
        if let handle = state.handle { cz_ctx_shutdown(handle) }
        return nil
      }
      return state.handle.take()
    }
    Self.end(idle)
  }

  /// Terminates a handle that nobody else can see any more, outside the lock because it may linger.
  private static func end(_ handle: UnsafeMutableRawPointer?) {
    guard let handle else { return }
    while cz_ctx_term(handle) != 0, cz_errno() == EINTR {}
  }

  func openSocket(_ kind: SocketKind) throws(ZeroMQError) -> UnsafeMutableRawPointer {
    // For errors alone: the name of a case is looked up by reflection, which takes as long as a
    // socket.
    var call: String { "zmq_socket(\(kind))" }
    guard mark.isOwn else { throw ZeroMQError.inherited(call) }
    let outcome = state.withLock { state -> Result<UnsafeMutableRawPointer, ZeroMQError> in
      guard let handle = state.handle, !state.isEnding else {
        return .failure(ZeroMQError(errno: ZeroMQError.Code.terminated.rawValue, call: call))
      }
      guard let socket = cz_socket(handle, kind.number) else { return .failure(.last(call)) }
      state.openSockets += 1
      return .success(socket)
    }
    return try outcome.get()
  }

  /// Closes a socket; ends the context with its last socket if that was requested.
  func closeSocket(_ socket: UnsafeMutableRawPointer) {
    guard mark.isOwn else { return }
    cz_close(socket)
    let idle: UnsafeMutableRawPointer? = state.withLock { state in
      state.openSockets -= 1
      return state.isEnding && state.openSockets == 0 ? state.handle.take() : nil
    }
    Self.end(idle)
  }

  deinit { terminate() }
}
