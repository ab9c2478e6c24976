// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import WebPages

/// What pages refer to: style, scripts, icon.
struct AssetRoutes: Sendable {
    func add(to router: Router<some RequestContext>) {
        router.get("assets/:name") { request, context in
            let name = try context.parameters.require("name")
            guard let asset = WebAsset.named(name) else { throw HTTPError(.notFound) }
            var headers: HTTPFields = [
                .contentType: asset.contentType, .eTag: asset.etag, .cacheControl: asset.cacheControl,
            ]
            headers[.xContentTypeOptions] = "nosniff"
            if request.headers[.ifNoneMatch] == asset.etag { return Response(status: .notModified, headers: headers) }
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: asset.bytes)))
        }
    }
}
