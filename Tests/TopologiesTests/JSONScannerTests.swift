import Testing

@testable import ProcessTreeTopologies

/// The parts of records of JSON by which pipelines give them to workers.
@Suite struct JSONScannerTests {
  private func value(_ pointer: String, in text: String) throws -> String {
    String(decoding: try JSONScanner.value(at: pointer, in: Array(text.utf8)), as: UTF8.self)
  }

  @Test(
    arguments: [
      ("/a/b", "{\"a\": {\"b\" : -1.5e+3 } }", "-1.5e+3"),
      ("/a", "{\"a\":\"x\\\"y\"}", "\"x\\\"y\""),
      ("/1", " [true, null, false] ", "null"), ("", "0", "0"), ("/a", "{\"b\":1}", ""),
      ("/a/b", "{\"a\":[]}", ""), ("", " [ ] ", "[ ]"),
      ("/a~1b/~0", "{\"a/b\":{\"~\":2E9}}", "2E9"),
    ])
  func aValueIsTheBytesThatStandThere(_ pointer: String, _ text: String, _ value: String) throws {
    #expect(try self.value(pointer, in: text) == value)
  }

  @Test(
    arguments: [
      "", " ", "nojson", "hello", "True", "nul", "nulls", "1a", "01", "-", "1.", ".5", "1e", "+1",
      "a b",
      "{", "{\"a\":", "{\"a\" 1}", "{a:1}", "[1,]", "[1 2]", "\"a", "1 2", "--1", "1.2.3", "0x1",
    ])
  func whatIsNoJSONIsAFault(_ text: String) {
    #expect(throws: JSONScanner.Malformed.self) { try value("/a", in: text) }
  }
}
