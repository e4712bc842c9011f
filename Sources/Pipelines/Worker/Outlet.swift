internal import ProcessTree

/// The channels that take the output of a stage, or of the source, to the stages behind.
///
/// A value that travels to workers.
struct Outlet<Element: Codable & Sendable>: Codable, Sendable {
  /// The way to one stage behind.
  struct Route: Codable, Sendable {
    /// One channel, or one for each lane.
    var senders: [Sender<Envelope<Element>>]
    /// Which lane an item belongs to; nil when every lane gets all.
    var partitioner: Partitioner<Element>?
    /// Whether each envelope goes to one lane, which its number decides.
    var isDealt = false
    /// How numbers change where branches have joined on the way.
    var folds: [Fold] = []
  }

  var routes: [Route]

  /// Sends an envelope on, to each stage behind; suspends while these have no room.
  ///
  /// Each copy and each part names what is missing: any of them may be the only one that its lane
  /// takes.
  func send(_ envelope: Envelope<Element>) async throws {
    for route in routes {
      var envelope = envelope
      for fold in route.folds { envelope.id = fold(envelope.id) }
      if route.isDealt {
        let place = (envelope.id.number &+ UInt64(envelope.id.stream)) % UInt64(route.senders.count)
        try await route.senders[Int(place)].send(envelope)
      } else if let partitioner = route.partitioner, route.senders.count > 1 {
        let parts = try partitioner.divide(envelope, among: route.senders.count)
        for (sender, part) in zip(route.senders, parts) { try await sender.send(part) }
      } else {
        for sender in route.senders { try await sender.send(envelope) }
      }
    }
  }

  /// Hands the envelopes that were sent to the sockets.
  func flush() {
    for route in routes { for sender in route.senders { sender.flush() } }
  }

  /// Waits until the receivers have acknowledged everything.
  func join() async throws {
    for route in routes { for sender in route.senders { try await sender.join() } }
  }

  /// Sends nothing more.
  func finish() {
    for route in routes { for sender in route.senders { sender.finish() } }
  }

  /// The outlet with a further change of numbers, before those that it has.
  func folding(_ fold: Fold) -> Self {
    var outlet = self
    for place in outlet.routes.indices { outlet.routes[place].folds.insert(fold, at: 0) }
    return outlet
  }
}
