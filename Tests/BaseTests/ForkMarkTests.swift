import ProcessTreeBase
import Testing

@Suite struct ForkMarkTests {
  @Test func theMarkIsOursHere() {
    let mark = ForkMark()
    #expect(mark.isOwn == true)
  }
}
