import Glibc
import Pipelines
import ProcessTreeScenarios

/// A structure of five fields, about 100 bytes as MessagePack.
struct Record: Codable, Sendable {
  var id: UInt64
  var name: String
  var value: Swift.Double
  var tags: [String]
  var ok: Bool

  init(number: Int) {
    id = UInt64(number)
    name = String(unsafeUninitializedCapacity: 29) { bytes in
      _ = bytes.initialize(from: "item-000000000000000000000000".utf8)
      var rest = number
      var place = 28
      while rest > 0 {
        bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
        place -= 1
      }
      return 29
    }
    value = Swift.Double(number) * 0.5
    tags = Self.tags
    ok = false
  }

  private static let tags = ["alpha", "beta", "gamma-delta-eps"]
}

struct Approve: Transform {
  func callAsFunction(_ record: Record) -> Record {
    var record = record
    record.value *= 2
    record.ok = true
    return record
  }
}

struct SumOfValues: Stage {
  var sum = 0.0

  mutating func process(_ record: Record, emit: (Swift.Double) throws -> Void) {
    sum += record.value
  }

  func finish(emit: (Swift.Double) throws -> Void) throws { try emit(sum) }
}

let measureScenarios: [String: Scenario] = [
  // `throughput COUNT`: source, two workers, and a sink that is a stage.
  "throughput": { root, test in
    let count = argument(1, default: 20_000)
    let monitor = PipelineMonitor()
    let start = ContinuousClock.now
    let sums = try await root.run(
      over: Shared((0..<count).lazy.map { Record(number: $0) }),
      using: Pipeline(Approve(), workers: 2).then(SumOfValues()), monitor: monitor)
    test.equal(sums, [Swift.Double(count) * Swift.Double(count - 1) / 2])
    printRate(count, since: start, monitor)
  },
  // `throughputToRoot COUNT`: the outputs come back to where the inputs come from.
  "throughputToRoot": { root, test in
    let count = argument(1, default: 20_000)
    let monitor = PipelineMonitor()
    let start = ContinuousClock.now
    var sum = 0.0
    for try await record in root.stream(
      over: Shared((0..<count).lazy.map { Record(number: $0) }),
      using: Pipeline(Approve(), workers: 2), monitor: monitor)
    {
      sum += record.value
    }
    test.equal(sum, Swift.Double(count) * Swift.Double(count - 1) / 2)
    printRate(count, since: start, monitor)
  },
]

private func printRate(
  _ count: Int, since start: ContinuousClock.Instant, _ monitor: PipelineMonitor
) {
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  print("\(Int(Swift.Double(count) / seconds)) structures in a second")
  for stage in monitor.report.stages {
    print(stage.name, stage.busyTime, stage.waitTime, stage.blockedTime)
  }
}
