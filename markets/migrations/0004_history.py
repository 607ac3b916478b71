"""Indicators by interval, market figures of candles, and why prices moved."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("markets", "0003_routes")]

    # Read models: what is dropped here is derived again by the rebuild command.
    operations = [
        migrations.DeleteModel("IndicatorPoint"),
        migrations.CreateModel(
            name='IndicatorPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('world_id', models.BigIntegerField()),
                ('indicator', models.SmallIntegerField()),
                ('market', models.SmallIntegerField()),
                ('interval', models.IntegerField()),
                ('tick', models.BigIntegerField()),
                ('value', models.FloatField()),
                ('low', models.FloatField()),
                ('high', models.FloatField()),
                ('total', models.FloatField()),
                ('count', models.IntegerField()),
                ('last_tick', models.BigIntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['world_id', 'interval', '-tick'], name='markets_indicator_newest')],
                'constraints': [models.UniqueConstraint(fields=('world_id', 'indicator', 'market', 'interval', 'tick'), name='markets_indicator_bucket')],
            },
        ),
        migrations.CreateModel(
            name='Attribution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('world_id', models.BigIntegerField()),
                ('market', models.SmallIntegerField()),
                ('interval', models.IntegerField()),
                ('tick', models.BigIntegerField()),
                ('mid', models.FloatField()),
                ('reference_past', models.FloatField()),
                ('reference_balance', models.FloatField()),
                ('value_past', models.FloatField()),
                ('value_balance', models.FloatField()),
                ('value_wages', models.FloatField()),
                ('value_inputs', models.FloatField()),
                ('value_scarcity', models.FloatField()),
                ('value_news', models.FloatField()),
                ('last_tick', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('world_id', 'market', 'interval', 'tick'), name='markets_attribution_bucket')],
            },
        ),
        migrations.AddField('candle', 'flow', models.BigIntegerField(default=0)),
        migrations.AddField('candle', 'mid', models.FloatField(null=True)),
        migrations.AddField('candle', 'ticks', models.IntegerField(default=0)),
        migrations.AddField('candle', 'spread', models.FloatField(default=0)),
        migrations.AddField('candle', 'two_sided', models.IntegerField(default=0)),
        migrations.AddField('candle', 'best_bid_depth', models.BigIntegerField(default=0)),
        migrations.AddField('candle', 'best_ask_depth', models.BigIntegerField(default=0)),
        migrations.AddField('candle', 'bid_depth', models.BigIntegerField(default=0)),
        migrations.AddField('candle', 'ask_depth', models.BigIntegerField(default=0)),
    ]
