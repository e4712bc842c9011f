import ProcessTreeBase
import ProcessTreeRandomTesting
import Testing

@Suite struct ByteSearchTests {
  private func found(_ text: StaticString, in bytes: String) -> Bool {
    Array(bytes.utf8).withUnsafeBytes { $0.contains(text) }
  }

  @Test func aTextIsFoundWhereverItIs() {
    #expect(found("ab", in: "ab"))
    #expect(found("ab", in: "aab"))
    #expect(found("", in: "") && found("", in: "a"))
    #expect(!found("ab", in: ""))
    #expect(!found("ab", in: "a"))
    #expect(!found("ab", in: "acb"))
  }

  @Test func theFirstPlaceCounts() {
    func place(_ part: String, in bytes: String) -> Int? {
      Array(bytes.utf8).withUnsafeBytes { bytes in
        Array(part.utf8).withUnsafeBytes { bytes.place(of: $0) }
      }
    }
    #expect(place("ab", in: "aabab") == 1)
    #expect(place("ab", in: "ba") == nil && place("ab", in: "") == nil)
    #expect(place("", in: "a") == 0 && place("", in: "") == 0)
  }

  @Test func textsAreFoundInTexts() {
    #expect("liba.so.6".has(".so") && "é\r\n.\r\n".has("."))
    #expect(!"liba".has(".so") && "".has("") && !"".has("a"))
  }

  @Test func aBeginningIsNotFoundBehindIt() {
    func begins(_ bytes: String) -> Bool {
      Array(bytes.utf8).withUnsafeBytes { $0.begins(with: "ab") }
    }
    #expect(begins("ab") && begins("abc"))
    #expect(!begins("") && !begins("a") && !begins("cab"))
  }

  @Test func partsAreThoseOfASplit() {
    var generator = SeededGenerator.announced("partsAreThoseOfASplit")
    for _ in 0..<500 {
      let bytes = (0..<generator.int(0...12)).map { _ in UInt8(generator.int(0...2)) }
      let parts = bytes.withUnsafeBytes { raw in
        (raw.parts(at: 0).map { Array(raw[$0]) }, raw.parts(at: 0, most: 3).map { Array(raw[$0]) })
      }
      #expect(parts.0 == bytes.split(separator: 0).map(Array.init))
      #expect(
        parts.1
          == bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
          .map(Array.init))
    }
  }
}
