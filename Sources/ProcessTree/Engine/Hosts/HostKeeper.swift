internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The near half of a host: a child of the node that has opened the host, which keeps the connection.
///
/// It starts the engine's command, and relays between the nodes there and the parent. A host that is
/// lost costs this process and what ran there, and nothing else.
struct HostKeeper: NodeProgram {
  /// The engine's command.
  var words: [String]
  var number: UInt32
  var name: String

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    let keeper = try await node.runtime.run { runtime in
      LoopBound(try HostKeeperController(self, in: runtime), on: runtime.loop)
    }
    await withTaskCancellationHandler {
      _ = await node.runtime.wait(isShielded: true) { (wait: LoopBound<Wait<Void>>) in
        guard !keeper.value.isOver else { return wait.value.end(()) }
        wait.value.join(keeper.value.overWaiters, within: nil)
      }
    } onCancel: {
      keeper.perform { $0.end() }
    }
    if let failure = keeper.value.failure { throw HostFailure(text: failure) }
  }
}

/// Why the connection to a host ended.
private struct HostFailure: Error, CustomStringConvertible {
  let text: String

  var description: String { text }
}

extension Node {
  /// Makes the near half of a host, which ends with this node.
  func makeKeeper(of host: Host, _ number: UInt32) throws -> Child<Void> {
    guard let program = HostProcess.executablePath else {
      throw HostError(.invalidHost, host: host.name, "the path of this program is not known")
    }
    let command = try EngineCommand(
      for: host, program: program, arguments: Array(CommandLine.arguments.dropFirst()))
    return try makeChild(
      HostKeeper(words: command.words, number: number, name: host.name), name: "host:\(host.name)",
      daemon: true, stopPolicy: nil, settings: ProcessSettings(), liveness: .off, life: nil,
      host: nil, isKeeper: true)
  }
}
