// SPDX-License-Identifier: Apache-2.0

import ObjectStorage
import S3Testing
import SystemPackage
import Testing

/// Buckets as a user meets them: as a remote, and as a place that data comes from.
@Suite(.fewAtATime, .timeLimit(.minutes(5)))
struct BucketVerbTests {
    @Test func `data goes to a bucket behind a certificate of one's own, and others get it from there`() async throws {
        let server = try await S3Server.shared()
        let bucket = try await server.bucket()
        _ = try await bucket.put(try ObjectKey("raw/day/one.csv"), bytes: Array("a,b\n".utf8))
        let environment = [
            "AWS_ACCESS_KEY_ID": server.keys.accessKeyID, "AWS_SECRET_ACCESS_KEY": server.keys.secretAccessKey,
            "AWS_ENDPOINT_URL": server.endpoint, "B": "s3://\(bucket.client.settings.bucket)",
            "SECURE": server.secureEndpoint, "CERTIFICATE": server.certificate.string,
        ]
        try await Program.inEmptyFolder { gyre in
            let made = try await gyre.shell(
                """
                set -e
                mkdir -p a/.dvc b/.dvc; cd a; git init -q -b main
                git config user.name T; git config user.email t@localhost
                : > .dvc/config; printf '/tmp\\n/cache\\n' > .dvc/.gitignore
                "$GYRE" remote add -q -d store "$B/store"
                "$GYRE" remote modify -q store endpointurl "$SECURE"
                "$GYRE" remote modify -q store ssl_verify "$CERTIFICATE"
                "$GYRE" remote add -q raw "$B/raw"
                "$GYRE" import-url -q remote://raw/day; "$GYRE" import-url -q "$B/raw/day/one.csv" plain.csv
                git add -A; git commit -q -m One
                "$GYRE" push --data-only
                rm -rf .dvc/cache day plain.csv
                cd ../b; git init -q; : > .dvc/config
                "$GYRE" get -q ../a day; "$GYRE" import -q ../a plain.csv; "$GYRE" get-url -q "$B/raw/day" copied
                cat day/one.csv plain.csv copied/one.csv
                """,
                environment: environment
            )
            #expect(made.code == 0, "\(made.error)")
            // Both imports are one content, and there is a listing.
            #expect(made.output == "2 files pushed\na,b\na,b\na,b\n")
            _ = try await bucket.put(try ObjectKey("raw/day/one.csv"), bytes: Array("c,d\n".utf8))
            let updated = try await gyre.shell(
                "cd a; \"$GYRE\" pull -q && cat plain.csv; \"$GYRE\" update -q plain.csv day && cat day/one.csv plain.csv",
                environment: environment
            )
            #expect(updated.output == "a,b\nc,d\nc,d\n", "\(updated.error)")
            let stranger = try await gyre.shell(
                "cd a; \"$GYRE\" remote modify -q -u store ssl_verify; \"$GYRE\" push --data-only",
                environment: environment
            )
            #expect(stranger.code == 1)
            #expect(stranger.error.contains("certificate"))
        }
    }
}
