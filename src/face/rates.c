#include "face/rates.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotonic.h"
#include "core/share.h"

enum { LEAST_US = 1000000 };

struct rates {
    pthread_mutex_t lock; /* guards what follows */
    uint64_t looked_us, counts[RATE_COUNT];
    int64_t hundredths[RATE_COUNT];
};

struct rates *rates_new(void)
{
    struct rates *rates = calloc(1, sizeof *rates);

    if (!rates)
        return NULL;
    (void)pthread_mutex_init(&rates->lock, NULL); /* default attributes cannot fail */
    rates->looked_us = monotonic_us();
    return rates;
}

void rates_free(struct rates *rates)
{
    if (rates)
        (void)pthread_mutex_destroy(&rates->lock); /* nobody holds it */
    free(rates);
}

void rates_look(struct rates *rates, const uint64_t counts[RATE_COUNT], int64_t out_hundredths[RATE_COUNT])
{
    (void)pthread_mutex_lock(&rates->lock);
    uint64_t now_us = monotonic_us(), spent_us = now_us - rates->looked_us;
    if (spent_us >= LEAST_US) {
        for (int i = 0; i < RATE_COUNT; i++) {
            rates->hundredths[i] =
                rounded_ratio((wide)(counts[i] - rates->counts[i]) * 1000000, 100, (int64_t)spent_us);
            rates->counts[i] = counts[i];
        }
        rates->looked_us = now_us;
    }
    memcpy(out_hundredths, rates->hundredths, sizeof rates->hundredths);
    (void)pthread_mutex_unlock(&rates->lock);
}
