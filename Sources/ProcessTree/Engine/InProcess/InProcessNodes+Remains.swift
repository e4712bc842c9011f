internal import ProcessTreeLinks

extension InProcessNodes {
  /// What the root and what joins the nodes hold, by kind.
  var remains: [String: Int] {
    var counts: [String: Int] = [
      "nodes": paths.count, "places under the limit": placesTaken,
      "nodes waiting for a place": waitingForPlaces,
    ]
    guard let rootRuntime else { return counts }
    let frames = network.remains
    counts["connections"] = frames.connections
    counts["connections with frames under way"] = frames.connectionsUnderWay
    counts["connections without a listener"] = frames.unanswered
    counts["timers"] = rootRuntime.loop.timers.count
    counts["children"] = rootRuntime.controllers.count
    counts["callers waiting for a death"] = rootRuntime.deathWaiters.isEmpty ? 0 : 1
    guard let channels = rootRuntime.channels else { return counts }
    counts["channels"] = channels.homes.count
    counts["senders"] = channels.senders.count
    counts["receivers"] = channels.receivers.count
    // The root's link to itself is one for good.
    counts["links to nodes"] = channels.peers.values.count { $0.address != channels.address }
    return counts
  }
}
