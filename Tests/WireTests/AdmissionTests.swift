import ProcessTreeWire
import Testing

@Suite struct AdmissionTests {
  private func admission(_ root: UInt8 = 1) -> Admission {
    var admission = Admission(build: "build", secret: nodeSecret(root))
    admission.expect(1, attempt: 1, name: "child")
    admission.expect(2, attempt: 1, name: "child")
    return admission
  }

  private func refusal(_ hello: Hello, _ admission: inout Admission) -> Refusal? {
    do {
      _ = try admission.admit(hello, from: hello.pid)
      return nil
    } catch {
      return error
    }
  }

  @Test func anExpectedChildIsAdmittedOnce() throws {
    var admission = admission()
    #expect(try admission.admit(hello(position: 2), from: 4_711) == 2)
    #expect(refusal(hello(position: 2), &admission)?.code == .connectedAlready)
    #expect(try admission.admit(hello(), from: nil) == 1)
  }

  @Test func aChildThatHasGoneIsUnknownAndMayBeExpectedAnew() throws {
    var admission = admission()
    _ = try admission.admit(hello(), from: 4_711)
    admission.forget(1)
    #expect(refusal(hello(), &admission) == .unproved)
    admission.expect(1, attempt: 2, name: "child")
    #expect(refusal(hello(), &admission) == .unproved)
    #expect(try admission.admit(hello(attempt: 2), from: 4_711) == 1)
  }

  /// A proof in which one thing is wrong.
  private static let wrongProofs: [Hello] = [
    hello(position: 3), hello(position: 0), hello(root: 2), hello(attempt: 2),
    Hello(position: 1, proof: hello(position: 2).proof, pid: 4_711, build: "build"),
    Hello(position: 2, proof: hello().proof, pid: 4_711, build: "build"),
    Hello(position: 1, proof: hello().proof, pid: 4_712, build: "build"),
    Hello(position: 1, proof: Proof(bytes: []), pid: 4_711, build: "build"),
    Hello(
      position: 1, proof: Proof(bytes: hello().proof.bytes + [0]), pid: 4_711, build: "build"),
    Hello(
      position: 1, proof: Proof(bytes: hello().proof.bytes.dropLast()), pid: 4_711,
      build: "build"),
  ]

  @Test(arguments: wrongProofs)
  func aWrongProofIsRefusedAndTakesNothing(_ wrong: Hello) throws {
    var admission = admission()
    #expect(refusal(wrong, &admission) == .unproved)
    #expect(try admission.admit(hello(), from: 4_711) == 1)
    #expect(try admission.admit(hello(position: 2), from: 4_711) == 2)
  }

  @Test func everyBitOfTheProofCounts() {
    let good = hello().proof
    for bit in 0..<(Proof.size * 8) {
      var bytes = good.bytes
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      let proof = Proof(bytes: bytes)
      #expect(!proof.matches(good) && !good.matches(proof))
      var admission = admission()
      let wrong = Hello(position: 1, proof: proof, pid: 4_711, build: "build")
      #expect(refusal(wrong, &admission) == .unproved)
    }
    #expect(good.matches(good))
  }

  @Test func aProofThatAnotherProcessHasReadIsOfNoUse() throws {
    var admission = admission()
    #expect(throws: Refusal.unproved) { try admission.admit(hello(), from: 4_712) }
    #expect(throws: Refusal.unproved) { try admission.admit(hello(), from: 0) }
    #expect(try admission.admit(hello(), from: 4_711) == 1)
  }

  @Test func onlyTheParentCanWelcome() throws {
    let proof = try #require(admission().welcome(hello()))
    let child = nodeSecret(of: NodePath(positions: [1]))
    #expect(proof.matches(child.welcomeProof(attempt: 1, pid: 4_711)))
    #expect(!proof.matches(child.controlProof(attempt: 1, pid: 4_711)))
    #expect(admission(2).welcome(hello())?.matches(proof) == false)
    #expect(admission().welcome(hello(position: 9)) == nil)
  }

  @Test(arguments: [(5, 0, true), (5, 99, true), (4, 0, false), (6, 0, false), (-1, 0, false)])
  func theMajorVersionDecides(_ major: Int, _ minor: Int, _ isAdmitted: Bool) {
    var admission = admission()
    let refusal = refusal(
      hello(version: ProtocolVersion(major: major, minor: minor)), &admission)
    #expect((refusal == nil) == isAdmitted)
    guard !isAdmitted else { return }
    #expect(refusal?.code == .version)
    // Its name, and the versions of both sides.
    for part in ["child", "\(major).\(minor)", "\(ProtocolVersion.current)"] {
      #expect(refusal?.reason.contains(part) == true, "\(part)")
    }
  }

  @Test(arguments: [("build", true), (Hello.foreignBuild, true), ("Build", false), ("b", false)])
  func theBuildDecides(_ build: String, _ isAdmitted: Bool) throws {
    var admission = admission()
    let refusal = refusal(hello(build: build), &admission)
    #expect((refusal == nil) == isAdmitted)
    // A peer that was turned away for the build has not taken the place.
    guard !isAdmitted else { return }
    #expect(refusal?.code == .build)
    #expect(try admission.admit(hello(), from: 4_711) == 1)
  }

  @Test func aStrangerLearnsNothingOfVersionAndBuild() {
    var admission = admission()
    let stranger = hello(version: ProtocolVersion(major: 9, minor: 9), root: 9, build: "other")
    #expect(refusal(stranger, &admission) == .unproved)
    // Nor, at a place that is taken, that it is.
    _ = refusal(hello(), &admission)
    #expect(refusal(hello(root: 9), &admission) == .unproved)
  }
}
