internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The near half of a host: a child of the node that has opened the host, which keeps the
/// connection.
///
/// It starts the engine's command, and relays between the nodes there and the parent. A host that
/// is lost costs this process and what ran there, and nothing else.
struct HostKeeper: NodeProgram {
  /// The engine's command that starts the far half, and that for another connection to it.
  var words: [String]
  var attachWords: [String]
  /// What other connections prove with that they are this half's.
  var secret: [UInt8]
  var number: UInt32
  var name: String
  /// How long the far half runs without the word of this one.
  var lease: Duration
  /// How long it goes on after it was asked to end from over there.
  var drainTime: Duration

  /// Enough for what a near half waits for; never endless, as that of the tree may be.
  static let stopPolicy = StopPolicy(ask: .seconds(12), terminate: .seconds(2))

  static var spawnsChildren: Bool { false }

  /// Why the connection ended; nil if it was asked to, and the far half has sent its goodbye.
  func run(in node: Node) async throws -> HostEnd? {
    let keeper: LoopBound<HostKeeperController>
    do {
      keeper = try await node.runtime.run { runtime in
        LoopBound(try HostKeeperController(self, in: runtime), on: runtime.loop)
      }
    } catch {
      return HostEnd(error: HostError(.engineMissing, host: name, "\(error)"))
    }
    await withTaskCancellationHandler {
      _ = await node.runtime.wait(isShielded: true) { (wait: LoopBound<Wait<Void>>) in
        guard !keeper.value.isOver else { return wait.value.end(()) }
        wait.value.join(keeper.value.overWaiters, within: nil)
      }
    } onCancel: {
      keeper.perform { $0.askToEnd() }
    }
    return try await keeper.run { $0.end }
  }
}

extension Duration {
  /// The time on a clock that never stands still, not even while the machine sleeps.
  static var sinceBoot: Duration {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

extension Node {
  /// Makes the near half of a host, which ends with this node.
  func makeKeeper(of host: Host, _ number: UInt32, _ way: HostWay) throws -> Child<HostEnd?> {
    try makeChild(
      HostKeeper(
        words: way.command.words, attachWords: way.command.attachWords, secret: way.secret,
        number: number, name: host.name, lease: host.lease,
        drainTime: host.drainTime),
      name: "host:\(host.name)",
      daemon: true, stopPolicy: HostKeeper.stopPolicy, settings: ProcessSettings(),
      liveness: .off, life: nil, host: nil, isKeeper: true)
  }
}

/// How a host is reached: by what commands, and with what secret.
struct HostWay: Sendable {
  let command: EngineCommand
  let secret: [UInt8]

  init(to host: Host) throws {
    guard let program = HostProcess.executablePath else {
      throw HostError(.invalidHost, host: host.name, "the path of this program is not known")
    }
    command = try EngineCommand(
      for: host, program: program, arguments: Array(ProcessArguments.visible.dropFirst()))
    secret = try randomBytes(Secret.size)
  }
}

/// Why a host is over, as its near half returns it.
struct HostEnd: Hashable, Sendable, Codable {
  var error: HostError
  /// What shows that nothing runs there any more; nil for a host that has never been up,
  /// and for one that was asked to end, and did not confirm that it does.
  var evidence: HostLoss.Evidence?
}
