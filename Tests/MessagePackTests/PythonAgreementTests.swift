import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import Testing

@Suite("Agreement with Python's msgpack")
struct PythonAgreementTests {
  @Test func randomValuesInBothDirections() throws {
    let python = try PythonMessagePack()
    defer { python.remove() }
    var generator = SeededGenerator.announced("agreement with Python")
    let vectors = FormatVectorTests.scalars + FormatVectorTests.lengths
    // Python takes type -1 for timestamps and refuses other types below zero.
    let fixed = vectors.map(\.value).filter { value in
      if case .extension(let type, _) = value { return type >= 0 }
      return true
    }
    let values = fixed + (0..<1_500).map { _ in generator.value() }
    let packed = values.map(\.packed)
    for (index, answer) in try python.answers(packed).enumerated() {
      let expected = PythonMessagePack.describe(values[index])
      #expect(answer.description == expected, "Python reads what we wrote")
      let read = PythonMessagePack.describe(try MessagePackValue(answer.repacked))
      #expect(read == expected, "we read what Python wrote")
    }
  }

  @Test func codableValuesInBothDirections() throws {
    let python = try PythonMessagePack()
    defer { python.remove() }
    var generator = SeededGenerator.announced("Codable agreement with Python")
    let values = (0..<100).map { _ in RoundTripTests.Everything(&generator) }
    let packed = try values.map { try MessagePackEncoder().encode($0) }
    for (index, answer) in try python.answers(packed).enumerated() {
      let expected = PythonMessagePack.describe(try MessagePackValue(packed[index]))
      #expect(answer.description == expected)
      let decoder = MessagePackDecoder()
      let read = try decoder.decode(RoundTripTests.Everything.self, from: answer.repacked)
      #expect(read == values[index])
    }
  }
}
