internal import ProcessTreeLinks
internal import ProcessTreeMessagePack
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The monitors of a node's children, to which it reports each change.
struct KeptMonitors {
  /// By the child.
  var senders: [NameTable.Place: [SenderEnd]] = [:]
  /// The lives that are up at present.
  var up: [NameTable.Place: Int] = [:]
  /// Those to which the end has been reported.
  var leaving: [SenderEnd] = []
}

extension AddressBook {
  /// How many monitors a child may have.
  private static let mostMonitors = 4_096

  /// Begins to report a child's life to a monitor, the present state first.
  func monitor(_ place: NameTable.Place, by sender: [UInt8]) -> AddressAnswer {
    guard let standing = names.standing(of: place) else {
      return .failed(.noSuchNode, "\(address(of: place)) is gone.")
    }
    if let reason = standing.ending {
      return .failed(.unreachable, "\(address(of: place)) is gone for good: \(reason).")
    }
    prune()
    guard monitors.senders[place]?.count ?? 0 < Self.mostMonitors else {
      return .failed(
        .queueFull, "\(address(of: place)) has \(Self.mostMonitors) monitors already.")
    }
    let end: SenderEnd
    do {
      let context = ChannelContext(
        node: LoopBound(runtime, on: runtime.loop), names: runtime.names)
      end = try MessagePackDecoder(at: context).decode(
        Sender<NodeMonitor.Event>.self, from: sender
      ).end
    } catch {
      return .failed(.unreachable, "The monitor's sender cannot be read: \(error)")
    }
    monitors.senders[place, default: []].append(end)
    send(state(of: place, standing), to: end)
    return .monitored
  }

  private func state(
    of place: NameTable.Place, _ standing: NameTable.Standing
  ) -> NodeMonitor.Event {
    if place == .own { return .up(incarnation: 1, pid: runtime.identity.pid) }
    guard let life = monitors.up[place], let live = standing.live else {
      return .down(incarnation: standing.incarnation, report: nil)
    }
    return .up(incarnation: life, pid: runtime.controllers[live]?.child.pid ?? 0)
  }

  /// Reports a change to all monitors of a child.
  func tell(_ event: NodeMonitor.Event, at place: NameTable.Place) {
    if case .up(let life, _) = event {
      guard monitors.up.updateValue(life, forKey: place) != life else { return }
    } else {
      monitors.up[place] = nil
    }
    for end in monitors.senders[place] ?? [] { send(event, to: end) }
  }

  /// Reports the last event to all monitors of a place, of which most have none.
  func finishMonitors(of place: NameTable.Place, because reason: @autoclosure () -> String) {
    monitors.up[place] = nil
    guard let ends = monitors.senders.removeValue(forKey: place) else { return }
    let event = NodeMonitor.Event.ended(reason: reason())
    for end in ends {
      send(event, to: end)
      end.finish()
    }
    monitors.leaving += ends
  }

  private func send(_ event: NodeMonitor.Event, to end: SenderEnd) {
    // One whose reader has gone is pruned with the next that comes.
    guard let bytes = try? MessagePackEncoder().encode(event) else { return }
    _ = try? end.core.value.offer(bytes)
  }

  private func prune() {
    monitors.leaving.removeAll { $0.core.value.isSettled }
    for (place, ends) in monitors.senders {
      let left = ends.filter { !$0.core.value.isClosed }
      monitors.senders[place] = left.isEmpty ? nil : left
    }
  }

  /// The node ends: what a monitor has not taken is not waited for.
  func endMonitors() {
    for place in Array(monitors.senders.keys) {
      finishMonitors(of: place, because: "\(runtime.identity.address) has ended")
    }
    // Its frames leave with the turn; an end that was closed waits for nothing.
    runtime.channels?.flush()
    for end in monitors.leaving { end.core.value.close(.finished) }
    monitors = KeptMonitors()
  }
}

extension SenderCore {
  /// Whether nothing more can be sent.
  fileprivate var isClosed: Bool {
    if case .closed = phase { true } else { false }
  }
}
