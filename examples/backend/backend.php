<?php
// A backend in PHP. Run: php -S 127.0.0.1:8088 examples/backend/backend.php
// It ends the streams that denied.txt lists, one per line: "publish stream1" or "play stream1".

$method = basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$stream = json_decode(file_get_contents('php://input'), true) ?: [];

$denied = @file(getenv('DENIED') ?: __DIR__ . '/denied.txt', FILE_IGNORE_NEW_LINES) ?: [];
$key = ($stream['mediaType'] ?? '') . ' ' . ($stream['name'] ?? '');

if ($method === 'StreamKeepAliveEvent' && in_array($key, $denied, true)) {
    http_response_code(403);
    return;
}
http_response_code(200);
