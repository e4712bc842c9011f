import Pipelines

/// A structure of about 100 bytes as MessagePack.
struct Record: Codable {
  var id: UInt64
  var name: String
  var value: Double
  var tags: [String]
  var ok: Bool

  init(_ number: Int) {
    id = UInt64(number)
    name = String(unsafeUninitializedCapacity: 29) { name in
      _ = name.initialize(fromContentsOf: "item-".utf8)
      var rest = number
      for place in (5..<29).reversed() {
        name[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      }
      return 29
    }
    value = Double(number) * 0.5
    tags = ["alpha", "beta", "gamma-delta-eps"]
    ok = false
  }
}

struct Double2: Transform {
  func callAsFunction(_ record: Record) -> Record {
    var record = record
    record.value *= 2
    record.ok = true
    return record
  }
}

/// Takes all records; emits the sum of their values at the end.
struct SumOfRecords: Stage {
  private var sum = 0.0

  mutating func process(_ record: Record, emit: (Double) throws -> Void) throws {
    if record.ok { sum += record.value }
  }

  mutating func finish(emit: (Double) throws -> Void) throws { try emit(sum) }
}

/// Row G: the source is this node, two workers, a sink.
func measurePipeline(_ root: Node) async throws {
  let pipeline = Pipeline(Double2(), workers: 2).then(SumOfRecords())
  _ = try await root.run(over: (0..<1_000).lazy.map(Record.init), using: pipeline)
  let count = 1_000_000
  let start = now()
  let sums = try await root.run(over: (0..<count).lazy.map(Record.init), using: pipeline)
  let rate = Double(count) / (now() - start) * 1e6
  guard sums == [Double(count) * Double(count - 1) / 2] else { root.exit("records were lost") }
  report("pipeline", rate, "items/s")
}
