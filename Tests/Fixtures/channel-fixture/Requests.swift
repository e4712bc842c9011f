import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// What a handler reports.
enum HandlerReport: Codable, Sendable, Equatable {
  case begun(Int)
  case cancelled(Int)
}

/// Doubles numbers; negative ones are never done.
struct Patient: NodeProgram {
  var service: Service<Int, Int>
  var limit: Int
  var reports: Sender<HandlerReport>

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await service.serve(limit: limit) { [reports] number in
      if number < 0 {
        try await reports.send(.begun(number))
        do {
          try await node.sleep(for: .seconds(3_600))
        } catch {
          try await Task { try await reports.send(.cancelled(number)) }.value
          throw error
        }
      }
      return number * 2
    }
  }
}

/// What a link of a chain saw.
struct HopReport: Codable, Sendable {
  var hop: Int
  var setBy: String?
  var length: Duration?
  var remaining: Duration?
  /// The error of the nested request, if it failed.
  var error: ProcessTreeError?
}

/// Passes requests on to the next of a chain; the last one never replies.
struct Hop: NodeProgram {
  var number: Int
  var service: Service<Int, Int>
  var next: Client<Int, Int>?
  var reports: Sender<HopReport>

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await service.serve(limit: 4) { [number, next, reports] request in
      var report = HopReport(
        hop: number, setBy: node.deadline?.setBy.description, length: node.deadline?.length,
        remaining: node.deadline?.remaining)
      do {
        if let next { return try await next.call(request + 1) }
        try await node.sleep(for: .seconds(3_600))
        return 0
      } catch {
        report.error = error as? ProcessTreeError
        let seen = report
        try await Task { try await reports.send(seen) }.value
        throw error
      }
    }
  }
}

let requestScenarios: [String: Scenario] = [
  "cancelledRequests": { root, expect in
    let (client, service) = root.makeService(of: Int.self, returning: Int.self)
    let (sender, receiver) = root.makeChannel(of: HandlerReport.self)
    let child = try await root.spawn(Patient(service: service, limit: 4, reports: sender))
    service.close()
    sender.finish()
    var reports = receiver.makeAsyncIterator()
    for number in 1...20 {
      // A handler does not begin once the deadline has passed: a busy machine needs some time for
      // that.
      let timeout: Duration? = number.isMultiple(of: 5) ? .milliseconds(900) : nil
      let call = Task { try await client.call(-number, timeout: timeout) }
      expect.equal(try await reports.next(), .begun(-number))
      if timeout == nil { call.cancel() }
      switch await call.result {
      case .failure(let error as ProcessTreeError):
        expect.equal(error.code, .deadlinePassed)
        expect.expect(error.message.contains("of 900 ms that / set"), error.message)
      case .failure(is CancellationError): expect.expect(timeout == nil)
      case let other: expect.expect(false, "\(other)")
      }
      expect.equal(try await reports.next(), .cancelled(-number))
      // The child lives on, and so does the channel.
      expect.equal(try await client.call(number, timeout: .patience), 2 * number)
    }
    expect.expect(child.isAlive)
    // A deadline that has passed sends nothing.
    _ = await expect.thrown(ProcessTreeError.self) {
      _ = try await client.call(-99, timeout: .zero)
    }
    client.finish()
    expect.equal(try await reports.next(), nil)
    expect.equal(try await child.join(timeout: .patience), .exited(0))
  },
  "cancelledRequestsThatWait": { root, expect in
    let (client, service) = root.makeService(of: Int.self, returning: Int.self)
    let (sender, receiver) = root.makeChannel(of: HandlerReport.self)
    let child = try await root.spawn(Patient(service: service, limit: 1, reports: sender))
    service.close()
    sender.finish()
    var reports = receiver.makeAsyncIterator()
    let first = Task { try await client.call(-1) }
    expect.equal(try await reports.next(), .begun(-1))
    // Some of these are at the child by now, and none has begun.
    let waiting = (2...100).map { number in Task { try await client.call(-number) } }
    try await root.sleep(for: .milliseconds(50))
    for call in waiting { call.cancel() }
    for call in waiting {
      _ = await expect.thrown(CancellationError.self) { _ = try await call.value }
    }
    first.cancel()
    expect.equal(try await reports.next(), .cancelled(-1))
    expect.equal(try await client.call(7, timeout: .patience), 14)
    client.finish()
    // None of those that were cancelled while they waited has begun.
    expect.equal(try await reports.next(), nil)
    expect.equal(try await child.join(timeout: .patience), .exited(0))
  },
  "deadlinesTravel": { root, expect in
    let hops = 5
    let (sender, receiver) = root.makeChannel(of: HopReport.self)
    let services = (0..<hops).map { _ in root.makeService(of: Int.self, returning: Int.self) }
    for hop in 0..<hops {
      _ = try await root.spawn(
        Hop(
          number: hop, service: services[hop].service,
          next: hop + 1 < hops ? services[hop + 1].client : nil, reports: sender))
      services[hop].service.close()
      if hop > 0 { services[hop].client.finish() }
    }
    sender.finish()
    let length: Duration = .milliseconds(300)
    let start = ContinuousClock.now
    let error = await expect.thrown(ProcessTreeError.self) {
      _ = try await services[0].client.call(0, timeout: length)
    }
    expect.expect(start.duration(to: .now) < length + .patience)
    expect.equal(error?.code, .deadlinePassed)
    var seen: [Int: HopReport] = [:]
    for try await report in receiver {
      seen[report.hop] = report
      if seen.count == hops { break }
    }
    for hop in 0..<hops {
      guard let report = seen[hop] else {
        expect.expect(false, "\(hop) is missing")
        continue
      }
      expect.equal(report.setBy, "/")
      expect.equal(report.length, length)
      let most = hop == 0 ? length : seen[hop - 1]?.remaining ?? .zero
      // Each knows of a time that is at most as long as that of the one before, and the delay.
      expect.expect(
        (report.remaining ?? .zero) > .zero && (report.remaining ?? .seconds(3_600)) <= most,
        "\(hop): \(report.remaining as Any) of \(most)")
      guard hop + 1 < hops else { continue }
      expect.equal(report.error?.code, .deadlinePassed)
      expect.expect(report.error?.message.contains("that / set") ?? false, "\(report)")
    }
    // All of them go on.
    let again = await expect.thrown(ProcessTreeError.self) {
      _ = try await root.withTimeout(.milliseconds(50)) { try await services[0].client.call(0) }
    }
    expect.equal(again?.code, .deadlinePassed)
    services[0].client.finish()
  },
]
