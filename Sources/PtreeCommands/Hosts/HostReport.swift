internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeTopologies
internal import ProcessTreeTopologyFormat

/// What a check of a host has found.
struct HostReport {
  private var host: String
  private var timeToUp: Duration = .zero
  private var slots = 0
  private var machine: Machine?
  private var roundTrip: Duration = .zero
  private(set) var failure: (any Error)?

  /// How many messages go there and back.
  private static let rounds = 21

  private init(host: String) { self.host = host }

  /// Checks the host of a plan, or each host of an allocation.
  static func ofEach(_ plan: HostPlan, in root: Node) async -> [Self] {
    let start = ContinuousClock.now
    do {
      return try await root.withHosts([plan]) { hosts in
        let timeToUp = ContinuousClock.now - start
        var reports: [Self] = []
        for host in hosts.all {
          var report = Self(host: host.name)
          (report.timeToUp, report.slots) = (timeToUp, host.slots)
          do {
            try await report.look(at: host, from: root)
          } catch {
            report.failure = error
          }
          reports.append(report)
        }
        return reports
      }
    } catch {
      var report = Self(host: plan.name)
      report.failure = error
      return [report]
    }
  }

  private mutating func look(at host: OpenHost, from root: Node) async throws {
    let probe = try await root.spawn(HostProbe(), on: host)
    var answers = try await probe.messages(of: Machine?.self).makeAsyncIterator()
    var times: [Duration] = []
    for round in 1...Self.rounds {
      let begin = ContinuousClock.now
      try await probe.send(round)
      guard let answer = try await answers.next() else { break }
      times.append(ContinuousClock.now - begin)
      machine = machine ?? answer
    }
    try probe.finishSending()
    _ = try await probe.result
    roundTrip = times.sorted()[times.count / 2]
  }

  var description: String {
    if let failure { return "\(failure)" }
    guard let machine else { return "\(host): nothing is known" }
    return
      "\(host): up in \(Self.milliseconds(timeToUp)); \(machine.name), \(machine.architecture), "
      + "\(machine.processors) processors, \(slots) \(slots == 1 ? "slot" : "slots"); round trip "
      + "\(roundTrip.wholeMicroseconds) µs; build \(machine.build.prefix(12))"
  }

  private static func milliseconds(_ time: Duration) -> String {
    "\(time.wholeMilliseconds) ms"
  }

  var jsonLine: String {
    var line = JSONLine()
    line.add("host", host)
    line.add("error", (failure as? HostError)?.code.description ?? failure.map { "\($0)" })
    if let failure {
      line.add("message", "\(failure)")
    } else {
      line.add("timeToUp", timeToUp)
      line.add("roundTrip", roundTrip)
      line.add("slots", slots)
      line.add("machine", machine?.name)
      line.add("architecture", machine?.architecture)
      line.add("processors", machine?.processors)
      line.add("build", machine?.build)
    }
    return line.text
  }
}
