internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The search for channels that wait for each other in a circle.
///
/// A node whose sender has waited for credit for a while, and whose program takes nothing
/// meanwhile, asks the nodes that it waits for whether they wait as well. The question goes on
/// along those that do; a node that gets its own question back is in a circle, which will never
/// move by itself. (Chandy, Misra and Haas's edge chasing.)
struct CycleWatch {
  /// How long a sender waits before it asks.
  static let patience: Duration = .seconds(2)

  var isArmed = false
  private var lastMark: UInt64 = 0
  private static let remembered = 1_024
  /// The circles that were announced lately.
  private var announced = Recent<String, Void>(capacity: remembered)
  /// The latest question of each origin that was passed on lately.
  private var seen = Recent<NodePath, UInt64>(capacity: remembered)

  mutating func nextMark() -> UInt64 {
    lastMark += 1
    return lastMark
  }

  /// Whether a question has not been passed on before.
  mutating func isNew(_ origin: NodePath, _ mark: UInt64) -> Bool {
    guard seen[origin] ?? 0 < mark else { return false }
    seen.note(mark, for: origin)
    return true
  }

  /// Whether a circle has not been announced before.
  mutating func announce(_ names: [String]) -> Bool {
    let circle = names.sorted().joined(separator: "\n")
    defer { announced.note((), for: circle) }
    return announced[circle] == nil
  }
}

extension ChannelHub {
  /// Watches from now on whether the node's senders wait in a circle, while any of them waits.
  func watchForCycles() {
    guard !cycles.isArmed else { return }
    cycles.isArmed = true
    _ = loop.timers.schedule(after: CycleWatch.patience) { [weak self] in
      guard let self else { return }
      cycles.isArmed = false
      guard senders.values.contains(where: \.isWaiting) else { return }
      if isStuck {
        ask(origin: address.path, mark: cycles.nextMark(), names: [address.name])
      }
      // The circle may close later, while the same sender waits.
      watchForCycles()
    }
  }

  /// Whether the program waits for credit, and takes nothing that has come.
  private var isStuck: Bool {
    senders.values.contains(where: \.isWaiting) && !receivers.values.contains(where: \.isWaiting)
      && receivers.values.contains(where: \.hasItems)
  }

  private func ask(origin: NodePath, mark: UInt64, names: [String]) {
    let awaited = Set(senders.values.flatMap(\.awaitedPeers))
    for node in awaited {
      peer(at: node)?.link.send(.waiting(origin: origin, mark: mark, names: names))
    }
  }

  /// Another node asks whether this one waits as well.
  func passOn(origin: NodePath, mark: UInt64, names: [String]) {
    guard isStuck, names.count <= NodePath.maximumDepth else { return }
    if origin == address.path {
      guard cycles.announce(names) else { return }
      return runtime.emitOwn(.channelsInCycle(nodes: names))
    }
    guard cycles.isNew(origin, mark) else { return }
    ask(origin: origin, mark: mark, names: names + [address.name])
  }
}
