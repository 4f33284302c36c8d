#pragma once

struct request;

/* GET / and /ui/...: the dashboard, which the build makes of ui/ and the program carries with it. The page
 * names the provider that people sign in with, where the settings oidc_issuer and oidc_client_id give one,
 * and may call that provider. */
void own_page(struct request *request);
