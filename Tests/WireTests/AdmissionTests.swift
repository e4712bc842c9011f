import ProcessTreeWire
import Testing

@Suite struct AdmissionTests {
  private func admission() -> Admission {
    var admission = Admission(build: "build")
    admission.expect(1, credentials(1), name: "child")
    admission.expect(2, credentials(2), name: "child")
    return admission
  }

  private func reason(_ hello: Hello, _ admission: inout Admission) -> String? {
    do {
      _ = try admission.admit(hello)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test func anExpectedChildIsAdmittedOnce() throws {
    var admission = admission()
    #expect(try admission.admit(hello(position: 2, credentials(2))) == 2)
    #expect(reason(hello(position: 2, credentials(2)), &admission)?.contains("already") == true)
    #expect(try admission.admit(hello()) == 1)
  }

  @Test func aChildThatHasGoneIsUnknownAndMayBeExpectedAnew() throws {
    var admission = admission()
    _ = try admission.admit(hello())
    admission.forget(1)
    #expect(reason(hello(), &admission)?.contains("unknown") == true)
    admission.expect(1, credentials(3), name: "child")
    #expect(reason(hello(), &admission)?.contains("credentials") == true)
    #expect(try admission.admit(hello(credentials(3))) == 1)
  }

  /// A proof in which one thing is wrong.
  private static let wrongProofs: [Hello] = [
    hello(position: 3), hello(position: 0), hello(position: 2), hello(credentials(2)),
    hello(Credentials(runSecret: credentials(2).runSecret, token: credentials(1).token)),
    hello(Credentials(runSecret: credentials(1).runSecret, token: credentials(2).token)),
    hello(Credentials(runSecret: [], token: [])),
    hello(
      Credentials(
        runSecret: credentials(1).runSecret + [0], token: credentials(1).token + [0])),
    hello(
      Credentials(
        runSecret: credentials(1).runSecret, token: Array(credentials(1).token.dropLast()))),
  ]

  @Test(arguments: wrongProofs)
  func aWrongProofIsRefusedAndTakesNothing(_ wrong: Hello) throws {
    var admission = admission()
    #expect(reason(wrong, &admission) == "unknown node or wrong credentials")
    #expect(try admission.admit(hello()) == 1)
    #expect(try admission.admit(hello(position: 2, credentials(2))) == 2)
  }

  @Test func everyBitOfTheProofCounts() {
    for bit in 0..<(2 * Credentials.length * 8) {
      var parts = credentials(1).runSecret + credentials(1).token
      parts[bit / 8] ^= 1 << UInt8(bit % 8)
      let proof = Credentials(
        runSecret: Array(parts.prefix(Credentials.length)),
        token: Array(parts.suffix(Credentials.length)))
      #expect(!proof.matches(credentials(1)) && !credentials(1).matches(proof))
      var admission = admission()
      #expect(reason(hello(proof), &admission) != nil)
    }
    #expect(credentials(1).matches(credentials(1)))
  }

  @Test(arguments: [(3, 0, true), (3, 99, true), (2, 0, false), (4, 0, false), (-1, 0, false)])
  func theMajorVersionDecides(_ major: Int, _ minor: Int, _ isAdmitted: Bool) {
    var admission = admission()
    let refusal = reason(
      hello(version: ProtocolVersion(major: major, minor: minor)), &admission)
    #expect((refusal == nil) == isAdmitted)
    guard !isAdmitted else { return }
    // Who it is, and what either side speaks.
    for part in ["child", "\(major).\(minor)", "\(ProtocolVersion.current)"] {
      #expect(refusal?.contains(part) == true, "\(part)")
    }
  }

  @Test(arguments: [("build", true), (Hello.foreignBuild, true), ("Build", false), ("b", false)])
  func theBuildDecides(_ build: String, _ isAdmitted: Bool) throws {
    var admission = admission()
    let refusal = reason(hello(build: build), &admission)
    #expect((refusal == nil) == isAdmitted)
    // Who was turned away for the build has not taken the place.
    guard !isAdmitted else { return }
    #expect(try admission.admit(hello()) == 1)
  }

  @Test func aStrangerLearnsNothingOfVersionAndBuild() {
    var admission = admission()
    let stranger = hello(
      version: ProtocolVersion(major: 9, minor: 9), credentials(9), build: "other")
    #expect(reason(stranger, &admission) == "unknown node or wrong credentials")
    // Nor, at a place that is taken, that it is.
    _ = reason(hello(), &admission)
    #expect(reason(hello(credentials(9)), &admission) == "unknown node or wrong credentials")
  }
}
