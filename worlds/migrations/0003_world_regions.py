from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("worlds", "0002_durable_tables")]

    operations = [
        migrations.AddField(
            model_name="world",
            name="regions",
            field=models.PositiveSmallIntegerField(default=1),
        ),
    ]
