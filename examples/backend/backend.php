<?php
// The same backend in PHP: php -S 127.0.0.1:8088 examples/backend/backend.php
// Streams whose names are in the file denied.txt (one a line: "publish stream1" or "play stream1") are ended.

$method = basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$stream = json_decode(file_get_contents('php://input'), true) ?: [];

$denied = @file(getenv('DENIED') ?: __DIR__ . '/denied.txt', FILE_IGNORE_NEW_LINES) ?: [];
$key = ($stream['mediaType'] ?? '') . ' ' . ($stream['name'] ?? '');

if ($method === 'StreamKeepAliveEvent' && in_array($key, $denied, true)) {
    http_response_code(403);
    return;
}
http_response_code(200);
