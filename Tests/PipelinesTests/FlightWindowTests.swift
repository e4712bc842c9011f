import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct FlightWindowTests {
  @Test func boundsHoldAndNothingIsForgotten() {
    var random = SeededGenerator.announced("FlightWindow")
    for _ in 0..<iterations(1_000) {
      let limit = random.int(1...9)
      let width = random.int(1...5)
      let keepsTogether = random.bool()
      var window = FlightWindow(limit: limit, width: width, keepsTogether: keepsTogether)
      var missing: [UInt64] = []
      var sizes: [UInt64: Int] = [:]
      var done = 0
      var arrivals: [UInt64: Int] = [:]
      for _ in 0..<200 {
        if window.hasRoom, random.bool() {
          let inputs = random.int(0...20)
          let number = window.depart(inputs: inputs)
          #expect(sizes[number] == nil, "seed \(random.seed)")
          sizes[number] = inputs
          missing += (0..<UInt64(width)).map { number * UInt64(width) + $0 }
        } else if let place = missing.indices.randomElement(using: &random) {
          let number = missing.remove(at: place)
          let batch = number / UInt64(width)
          arrivals[batch, default: 0] += 1
          let arrival = window.arrive(number, cost: number)
          let isComplete = arrivals[batch] == width
          #expect((arrival != nil) == isComplete, "seed \(random.seed)")
          guard let arrival else { continue }
          #expect(arrival.inputs == sizes[batch], "seed \(random.seed)")
          #expect(arrival.cost == (batch + 1) * UInt64(width) - 1 || width > 1)
          done += arrival.inputs
        }
        let open = sizes.keys.filter { arrivals[$0, default: 0] < width }
        #expect(open.count == window.count && open.count <= limit, "seed \(random.seed)")
        if keepsTogether, let first = open.min(), let last = sizes.keys.max() {
          #expect(last - first < UInt64(limit), "seed \(random.seed)")
        }
        #expect(window.inputsDone == UInt64(done), "seed \(random.seed)")
        #expect(window.inputsTaken == UInt64(sizes.values.reduce(0, +)), "seed \(random.seed)")
      }
      // With everything back there is room for all.
      for number in missing { _ = window.arrive(number, cost: 0) }
      #expect(window.count == 0 && window.hasRoom, "seed \(random.seed)")
      #expect(window.inputsDone == window.inputsTaken, "seed \(random.seed)")
    }
  }

  @Test(arguments: [false, true])
  func theBoundCanChange(keepsTogether: Bool) {
    var window = FlightWindow(limit: 1, width: 1, keepsTogether: keepsTogether)
    _ = window.depart(inputs: 1)
    #expect(!window.hasRoom)
    window.limit = 3
    while window.hasRoom { _ = window.depart(inputs: 1) }
    #expect(window.count == 3)
    window.limit = 2
    _ = window.arrive(0, cost: 0)
    #expect(!window.hasRoom)
    _ = window.arrive(1, cost: 0)
    #expect(window.hasRoom)
  }
}
