internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// What this node waits for, found out from the state of its parts when somebody asks.
extension NodeRuntime {
  /// How this node stands, in its own words.
  func explanation() -> NodeExplanation {
    NodeExplanation(
      address: identity.address, name: identity.name, path: identity.path.description,
      pid: identity.pid, incarnation: identity.incarnation,
      phase: life.phase == .running && life.stopRequest == nil ? .up : .stopping,
      waits: waits, children: childAddresses, host: identity.placement?.name)
  }

  private var childAddresses: [NodeAddress] {
    let supervised = supervisors.flatMap { supervisor in
      supervisor.life.childrenInOrder.map { identity.address.child($0.name) }
    }
    let others = controllers.sorted { $0.key < $1.key }.map(\.value)
      .filter { $0.supervisor == nil }.map(\.child.address)
    return supervised + others
  }

  /// The waits of all tasks of the node.
  private var waits: [NodeWait] {
    let now = loop.timers.coarseNanoseconds
    var waits = noted.current(at: now)
    if let since = slots?.waitingSince {
      waits.append(
        NodeWait(
          .slot, elapsed: .nanoseconds(max(0, now - since)),
          detail: "\(shared.configuration.treeLimit ?? 0) programs of the tree run at a time"))
    }
    for sender in channels.map({ Array($0.senders.values) }) ?? [] {
      waits += sender.waits.map { NodeWait($0, at: now) }
    }
    for receiver in channels.map({ Array($0.receivers.values) }) ?? [] {
      waits += receiver.waits.map { NodeWait($0, at: now) }
    }
    if let parent { waits += self.waits(of: parent.edge, with: identity.parent?.name ?? "", now) }
    for (_, controller) in controllers.sorted(by: { $0.key < $1.key }) {
      waits += self.waits(of: controller.edge, with: controller.child.subject, now)
    }
    return endingWaits + waits.sorted { $0.elapsed > $1.elapsed }
  }

  private func waits(of edge: EdgeStreams, with peer: String, _ now: Int64) -> [NodeWait] {
    let found =
      EdgeStreams.Stream.allCases.flatMap { edge.sender($0).waits }
      + edge.receiver(.messages).waits
    return found.map { NodeWait($0, with: peer, at: now) }
  }

  /// What the end of the node waits for.
  private var endingWaits: [NodeWait] {
    let elapsed = endingSince.map { $0.duration(to: loop.timers.now) } ?? .zero
    switch life.phase {
    case .running:
      guard let request = life.stopRequest else { return [] }
      return [
        NodeWait(
          .stop, elapsed: elapsed,
          detail: "\(request); its program has been cancelled, and runs on")
      ]
    case .cleaning: return [NodeWait(.hook, elapsed: elapsed, detail: "at its end")]
    case .ended:
      let peers = channels?.senders.values.flatMap(\.unsettledPeers).map(\.subject) ?? []
      return [NodeWait(.acknowledgement, for: peers, elapsed: elapsed, detail: "at its end")]
    case .reported:
      let children = controllers.sorted { $0.key < $1.key }.map(\.value.child.subject)
      let below = children + commands.names
      return [NodeWait(.end, for: below, elapsed: elapsed, detail: "its own program has ended")]
    case .flushing, .leaving:
      let parent = identity.parent.map { [$0.name] } ?? []
      return [NodeWait(.acknowledgement, for: parent, elapsed: elapsed, detail: "of its goodbye")]
    case .finished: return []
    }
  }
}

extension AnyChild {
  /// The child as the subject of a wait.
  var subject: String { Self.subject(name, path) }

  fileprivate static func subject(_ name: String, _ path: String) -> String {
    name == path ? name : "\(name) (\(path))"
  }
}

extension PeerAddress {
  /// The node as the subject of a wait.
  var subject: String { AnyChild.subject(name, path.description) }
}

extension NodeWait {
  /// - Parameter peer: The node at the other end of an edge, which may not have a link yet.
  fileprivate init(_ wait: ChannelWait, with peer: String? = nil, at now: Int64) {
    let kind: Kind =
      switch wait.purpose {
      case .credit: .credit
      case .reply: .reply
      case .acknowledgement: .acknowledgement
      case .element: .element
      }
    self.init(
      kind, for: peer.map { [$0] } ?? wait.peers.map(\.subject),
      elapsed: .nanoseconds(max(0, now - wait.since)),
      detail: wait.tasks > 1 ? "\(wait.tasks) tasks" : nil)
  }
}
