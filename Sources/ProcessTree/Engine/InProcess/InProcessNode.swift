internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// A node that shares its process with others, as the nodes around it see its "process".
///
/// Signals do what they would do to a process, as far as that is possible without one: SIGKILL
/// cancels the program, takes away its sockets and its children, and nothing of what it does from
/// then on is seen by anybody; but code that never suspends cannot be interrupted. Belongs to the
/// loop.
final class InProcessNode: ChildProcess {
  let pid: Int32
  let path: NodePath
  private let nodes: InProcessNodes
  private let loop: EventLoop
  private let start: ChildStart
  private var runtime: NodeRuntime?
  private var status: ExitStatus?
  private var watchers: [() -> Bool] = []
  /// Called when the node's code closes its connections.
  var onSevered: (() -> Void)?
  private let station: MemoryStation
  /// The signals that the node has received since it was stopped.
  private var pendingSignals: [Int32] = []
  private var hasToFinish = false

  init(pid: Int32, _ start: ChildStart, in nodes: InProcessNodes, on loop: EventLoop) {
    self.pid = pid
    self.path = start.identity.path
    self.start = start
    self.nodes = nodes
    self.loop = loop
    station = nodes.network.station(of: pid)
    let bound = LoopBound(self, on: loop)
    // Not before the parent knows of it, as a process that has yet to be scheduled.
    loop.perform { bound.value.begin() }
  }

  private func begin() {
    guard status == nil, runtime == nil, !station.isStopped else { return }
    do {
      let runtime = try start.makeRuntime(on: loop, in: nodes)
      self.runtime = runtime
      runtime.beginExchange()
      runtime.ending.onFinished = { [unowned self] in
        let bound = LoopBound(self, on: loop)
        // The runtime is on the stack.
        loop.perform { bound.value.finish() }
      }
      try start.runProgram(in: runtime)
    } catch {
      writeToStandardError("\(start.identity.name): \(error)")
      end(.exited(125))
    }
  }

  /// The node has sent all that it had to send.
  private func finish() {
    guard let runtime else { return }
    guard !station.isStopped else {
      hasToFinish = true
      return
    }
    let signal = runtime.life.signal.map { ExitStatus.signaled($0, coreDumped: false) }
    end(signal ?? .exited(runtime.life.outcome?.exitCode ?? 1))
  }

  /// Takes everything away from the node, as the kernel does from a process.
  private func end(_ status: ExitStatus) {
    guard self.status == nil else { return }
    self.status = status
    runtime?.vanish()
    nodes.forget(self)
    onSevered = nil
    let told = watchers
    watchers = []
    for watcher in told { _ = watcher() }
  }

  /// Lets go of what the node held, once the loop has finished.
  func letGo() {
    runtime?.letGo()
    runtime = nil
  }

  /// Where other nodes connect for channels.
  var channelSocket: String? { runtime?.names.socketPath }

  // MARK: As a process

  var hasEnded: Bool { status != nil }

  var state: ProcessState { station.isStopped ? .stopped : .running }

  /// Ends the node at once.
  func kill() { end(.signaled(SIGKILL, coreDumped: false)) }

  func send(_ signal: Int32) throws(ProcessControlError) {
    guard status == nil else { return }
    switch signal {
    case 0: return
    case SIGSTOP: station.isStopped = true
    case SIGCONT: resume()
    case SIGTERM, SIGINT, SIGHUP:
      if station.isStopped { return pendingSignals.append(signal) }
      guard let runtime, runtime.life.signal == nil else { fallthrough }
      runtime.receive(signal, from: nil)
    default:
      end(.signaled(signal, coreDumped: false))
    }
  }

  private func resume() {
    guard station.isStopped else { return }
    station.isStopped = false
    loop.turnAgain()
    if runtime == nil { begin() }
    let signals = pendingSignals
    pendingSignals = []
    for signal in signals { try? send(signal) }
    if hasToFinish { finish() }
  }

  /// Cuts the node off from all others, as code does that closes descriptors that are not its own.
  func sever() {
    guard status == nil else { return }
    station.isSevered = true
    onSevered?()
  }

  func watch(on loop: EventLoop, _ body: @escaping () -> Bool) {
    guard status == nil else {
      let bound = LoopBound(body, on: loop)
      return loop.perform { _ = bound.value() }
    }
    watchers.append(body)
  }

  // What watches has nothing to do for a node that it has forgotten.
  func unwatch(on loop: EventLoop) {}

  func reap() -> Reaped? {
    status.map { Reaped(status: $0, usage: .none) }
  }

  func reapSoon() -> Reaped? { reap() }

  func close() {}
}

extension ResourceUsage {
  /// What a node has used that has no process of its own: nobody counts it.
  fileprivate static let none = ResourceUsage(
    userTime: .zero, systemTime: .zero, maximumResidentSize: 0, voluntaryContextSwitches: 0,
    involuntaryContextSwitches: 0, minorPageFaults: 0, majorPageFaults: 0)
}
